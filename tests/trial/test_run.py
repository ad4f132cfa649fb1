"""A trial's rows depend on its design alone: not on chunks, not on workers; and each patient is where it belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis import trial
from hepaxis.population import Prior, marginals
from hepaxis.problems import InputError
from hepaxis.profile.reference import reference
from hepaxis.trial.chunk_work import work
from hepaxis.trial.journal import UNFINISHED
from hepaxis.trial.parts import PartWriter, read_manifest, read_rows
from hepaxis.trial.run import run_trial
from hepaxis.trial.screening import Allocation, Screen, stratum_names, whole_shares

HORIZON = 84.0
PARALLEL, PAIRED = 16, 6


def rows(folder):
    import pyarrow.parquet as pq

    parts = sorted((folder / "parts").glob("*.parquet"))
    return pd.concat([pq.read_table(part).to_pandas() for part in parts], ignore_index=True)


def files(folder):
    """Name -> bytes of every part."""
    return {path.name: path.read_bytes() for path in sorted((folder / "parts").iterdir())}


def the_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    assert list(one) == list(other)
    for name in one:
        for a, b in zip(one[name], other[name], strict=True):
            assert np.array_equal(a, b, equal_nan=one[name].dtype.kind == "f" or name.startswith("scan")), name


@pytest.fixture(scope="module")
def parallel():
    return replace(trial.load_design("himalaya"), horizon_days=HORIZON, n=PARALLEL)


@pytest.fixture(scope="module")
def done(parallel, tmp_path_factory):
    return run_trial(parallel, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    made = trial.load_design("fmt_rescue")
    made = replace(made, horizon_days=168.0, n=PAIRED)
    return run_trial(made, tmp_path_factory.mktemp("paired"))


def test_chunks_do_not_change_a_bit(parallel, done, tmp_path):
    run_trial(parallel, tmp_path, chunk=5)
    the_same(rows(done.folder), rows(tmp_path))
    assert files(done.folder) == files(tmp_path)
    assert read_manifest(tmp_path) == done.manifest


def test_workers_do_not_change_a_bit(parallel, done, tmp_path):
    run_trial(parallel, tmp_path, workers=2, chunk=6)
    the_same(rows(done.folder), rows(tmp_path))
    assert files(done.folder) == files(tmp_path)
    assert read_manifest(tmp_path) == done.manifest


def test_a_smaller_trial_is_the_beginning_of_a_larger_one(parallel, done, tmp_path):
    run_trial(parallel, tmp_path, patients=7)
    whole = rows(done.folder)
    the_same(whole[whole["patient"].isin(np.unique(whole["patient"])[:7])], rows(tmp_path))


def test_every_column_that_is_promised_is_there(done, root):
    found = rows(done.folder)
    text = (root / "docs" / "trial.md").read_text(encoding="utf-8")
    assert set(trial.ENDPOINT_COLUMNS) | set(trial.features()) <= set(found)
    missing = [name for name in found if f"`{name}`" not in text and name not in trial.features()]
    assert not missing


def test_a_patient_is_on_one_arm_of_a_parallel_trial(done):
    found = rows(done.folder)
    assert len(found) == PARALLEL == found["patient"].nunique() == done.manifest["patients"]
    assert set(found["arm"]) == {"sorafenib", "durvalumab", "stride"}


def test_a_patient_is_on_every_arm_of_a_paired_trial_with_the_same_chances(paired):
    found = rows(paired.folder)
    assert len(found) == PAIRED * 4
    assert (found.groupby("patient")["arm"].nunique() == 4).all()
    # before progression a rescue changes nothing, and chances are the patient's: the first scans agree
    wide = found.pivot_table(index="patient", columns="arm", values="progression_day", aggfunc="first")
    assert np.array_equal(wide["none"], wide["rescue"])
    assert found[found["arm"] == "rescue"]["rescue_day"].notna().sum() == np.isfinite(wide["rescue"]).sum()


def test_blocks_keep_arms_even_within_strata(parallel):
    made = Allocation(parallel)
    arms = made.assigned(np.array(["a", "b"] * 12, dtype=object))
    assert np.array_equal(np.bincount(arms[::2]), [4, 4, 4])
    assert whole_shares([1.0, 2.0]) == [1, 2]
    assert whole_shares([0.5, 0.5, 1.0]) == [1, 1, 2]


def test_strata_have_the_same_names_whoever_is_there(parallel):
    screen = Screen.of(parallel)
    _, table = screen.screened(0, 64)
    alone = [str(stratum_names(screen.who.strata, table.iloc[[k]].reset_index(drop=True))[0]) for k in range(8)]
    assert alone == list(stratum_names(screen.who.strata, table)[:8])


def test_who_is_left_out_is_counted(parallel, done):
    prior = Prior(marginals("himalaya"), reference("metaphlan4"))
    lost, candidates = done.manifest["lost"], done.manifest["candidates"]
    assert sum(lost.values()) + done.manifest["patients"] == candidates
    assert done.manifest["population"]["population"] == prior.marginals.name


def test_an_interrupted_run_leaves_the_earlier_one_and_goes_on_where_it_stopped(parallel, done, tmp_path, monkeypatch):
    run_trial(parallel, tmp_path, patients=3)

    def stop(enrolled, _):
        if enrolled >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_trial(parallel, tmp_path, chunk=4, progress=stop)
    assert read_manifest(tmp_path)["patients"] == 3
    assert len(read_rows(tmp_path, ["patient"])) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"parts", "manifest.json", UNFINISHED}

    worked = []
    monkeypatch.setattr("hepaxis.trial.run.work", lambda screen, task: worked.append(task) or work(screen, task))
    run_trial(parallel, tmp_path, chunk=5)
    assert files(tmp_path) == files(done.folder)
    assert sum(len(task.patients) for task in worked) < PARALLEL
    assert {path.name for path in tmp_path.iterdir()} == {"parts", "manifest.json"}


def test_files_are_the_same_however_rows_arrive(tmp_path, monkeypatch):
    monkeypatch.setattr("hepaxis.trial.parts.PATIENTS", 4)
    table = pd.DataFrame({"patient": np.repeat(np.arange(11), 2), "arm": ["a", "b"] * 11, "value": np.arange(22.0)})
    for name, cut in (("one", [22]), ("other", [6, 8, 20, 22])):
        with PartWriter(tmp_path / name) as writer:
            for start, end in zip([0, *cut], cut, strict=False):
                writer.write(table.iloc[start:end])
            writer.finish({})
    assert list(files(tmp_path / "one")) == [f"part-0000{k}.parquet" for k in range(3)]
    assert files(tmp_path / "one") == files(tmp_path / "other")
    assert rows(tmp_path / "one").equals(table)


def test_numbers_that_cannot_be_are_said_together(parallel, tmp_path):
    with pytest.raises(InputError) as found:
        run_trial(parallel, tmp_path, patients=0, workers=0)
    assert len(found.value.problems) == 2
