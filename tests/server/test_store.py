"""The store keeps the old or the new state, belongs to one process at a time, and forgets when it is told to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hepaxis.problems import InputError
from hepaxis.server.store import CANCELLED, DONE, QUEUED, RUNNING, Store
from hepaxis.server.tables import csv_text
from hepaxis.server.workspace import new_id, open_workspace

KILLS = 3


def codes(found: pytest.ExceptionInfo[InputError]) -> set[str]:
    return {problem.code for problem in found.value.problems}


def test_a_workspace_belongs_to_one_process(tmp_path: Path) -> None:
    first = open_workspace(tmp_path / "w")
    with pytest.raises(InputError) as found:
        open_workspace(tmp_path / "w")
    assert codes(found) == {"workspace.busy"}
    first.close()
    open_workspace(tmp_path / "w").close()


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError) as found:
        open_workspace(tmp_path)
    assert codes(found) == {"workspace.other"}
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_store_of_a_newer_program_is_not_touched(tmp_path: Path) -> None:
    open_workspace(tmp_path / "w").close()
    path = tmp_path / "w" / "jobs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(InputError) as found:
        open_workspace(tmp_path / "w")
    assert codes(found) == {"workspace.newer"}


def test_a_damaged_store_is_named(tmp_path: Path) -> None:
    open_workspace(tmp_path / "w").close()
    (tmp_path / "w" / "jobs.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError) as found:
        open_workspace(tmp_path / "w")
    assert codes(found) == {"workspace.damaged"}


@pytest.mark.parametrize("id", ["", "..", "../x", "0123456789AB", "0123456789abc", "a/b", "0123456789ab\n"])
def test_only_our_own_ids_become_paths(tmp_path: Path, id: str) -> None:
    kept = open_workspace(tmp_path / "w")
    for place in (kept.patient, kept.run, kept.part):
        with pytest.raises(KeyError):
            place(id)
    kept.close()


def test_a_job_that_is_over_stays_as_it_ended(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.add_job("a" * 12, "plan", {"seed": 1})
    assert store.start("a" * 12)
    assert not store.start("a" * 12)
    assert store.finish("a" * 12, CANCELLED)
    assert not store.finish("a" * 12, DONE)
    store.progress("a" * 12, 5, 10, "late")
    job = store.job("a" * 12)
    assert (job.state, job.done) == (CANCELLED, 0)
    store.close()


def test_sessions_are_kept_as_hashes_and_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.add_session("h", 100)
    assert store.has_session("h", 100)
    assert not store.has_session("h", -1)
    assert not store.has_session("other", 100)
    store.close()


def test_a_purge_leaves_no_word_of_a_patient(tmp_path: Path) -> None:
    word = "Kowalski-the-patient"
    kept = open_workspace(tmp_path / "w")
    id = new_id()
    kept.patient(id).mkdir()
    (kept.patient(id) / "patient.yaml").write_text(f"id: {word}\n")
    kept.store.add_patient(id, word)
    kept.store.add_job(new_id(), "plan", {"seed": 1}, subject=id, title=word)
    assert kept.purge() == (1, 1)
    kept.close()
    for path in (tmp_path / "w").rglob("*"):
        assert path.is_dir() or word.encode() not in path.read_bytes(), path


def test_deleting_a_patient_takes_the_runs_along(tmp_path: Path) -> None:
    kept = open_workspace(tmp_path / "w")
    mine, other = new_id(), new_id()
    for id in (mine, other):
        kept.store.add_patient(id, "x")
        job = kept.store.add_job(new_id(), "plan", {}, subject=id)
        kept.run(job.id).mkdir()
    kept.delete_patient(mine)
    assert [one.subject for one in kept.store.jobs()] == [other]
    assert len(list((tmp_path / "w" / "runs").iterdir())) == 1
    kept.close()


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from hepaxis.server.store import DONE, Store
    store = Store(Path(sys.argv[1]))
    for k in range(100000):
        id = f"{k:012x}"
        store.add_job(id, "plan", {"k": k}, title="t" * 200)
        store.start(id)
        store.finish(id, DONE, digest=str(k))
        print(k, flush=True)
    """
)


def test_a_kill_loses_nothing_that_was_told(tmp_path: Path) -> None:
    for kill in range(KILLS):
        path = tmp_path / f"s{kill}"
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        told = [int(next(writer.stdout)) for _ in range(20 + 7 * kill)]
        writer.kill()
        writer.wait()
        writer.stdout.close()
        store = Store(path)
        jobs = {job.id: job for job in store.jobs()}
        for k in told:
            assert jobs[f"{k:012x}"].state == DONE
            assert jobs[f"{k:012x}"].digest == str(k)
        assert {job.state for job in jobs.values()} <= {QUEUED, RUNNING, DONE}
        assert store._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        store.close()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", " =HYPERLINK(1)", "\r=1"])
def test_a_table_holds_no_formula(text: str) -> None:
    line = csv_text(["a", "b"], [[text, -1.5]]).split("\n", 1)[1]
    assert line.lstrip('"').startswith("'")
    assert line.rstrip("\n").endswith(",-1.5")
