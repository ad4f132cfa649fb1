"""Work of a killed trial is used again only where it is whole and of the same trial, and nothing is lost or doubled."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis import trial
from hepaxis.problems import InputError
from hepaxis.trial.chunk_work import Chunk
from hepaxis.trial.journal import UNFINISHED, Journal, alone
from hepaxis.trial.screening import Screen, Task

KILLS = int(os.environ.get("HEPAXIS_KILLS", "3"))
PATIENTS, CHUNK = 12, 2
RUN = f"""
import sys
from dataclasses import replace
from pathlib import Path
from hepaxis import trial
design = replace(trial.load_design("himalaya"), horizon_days=84.0)
print("ready", flush=True)
trial.run_trial(design, Path(sys.argv[1]), patients={PATIENTS}, chunk={CHUNK})
"""


@pytest.fixture(scope="module")
def screen():
    return Screen.of(trial.load_design("himalaya"))


def task(first, n=3):
    patients = np.arange(first, first + n)
    return Task(0, patients, np.zeros(n, int), np.full(n, "all"), np.full(n, "all"))


def chunk(first, n=3):
    rows = pd.DataFrame(
        {
            "patient": np.arange(first, first + n),
            "value": np.where(np.arange(n) == 1, np.nan, 0.1),
            "word": ["", "b", "c"][:n],
            "scan_day": [np.array([56.0, 112.0], np.float32)] * n,
        }
    )
    return Chunk(rows, rows["patient"].to_numpy(), ((first + n, "not closed"),), ((first, "arm"),))


def test_a_kept_chunk_comes_back_as_it_was(tmp_path, screen):
    journal = Journal.of(tmp_path, screen)
    journal.keep(0, task(0), chunk(0))
    back = Journal.of(tmp_path, screen).read(0, task(0))
    assert back.lost == ((3, "not closed"),)
    assert back.failed == ((0, "arm"),)
    pd.testing.assert_frame_equal(back.rows, chunk(0).rows)
    assert journal.size(0) == 3
    empty = Chunk(pd.DataFrame(), np.array([], int), (), ())
    journal.keep(1, task(3), empty)
    assert journal.read(1, task(3)).rows.empty


@pytest.mark.parametrize("suffix", ["json", "parquet"])
@pytest.mark.parametrize("fault", ["cut", "flipped", "gone"])
def test_a_damaged_chunk_is_no_chunk(tmp_path, screen, suffix, fault):
    journal = Journal.of(tmp_path, screen)
    journal.keep(0, task(0), chunk(0))
    (path,) = journal.folder.glob(f"*.{suffix}")
    content = bytearray(path.read_bytes())
    if fault == "gone":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content if fault == "flipped" else content[: len(content) // 2])
    assert journal.read(0, task(0)) is None


def test_work_of_other_patients_or_of_another_trial_is_not_used(tmp_path, screen):
    journal = Journal.of(tmp_path, screen)
    journal.keep(0, task(0), chunk(0))
    assert journal.read(0, task(1)) is None
    longer = Screen.of(replace(screen.design, n=screen.design.n + 1))
    assert Journal.of(tmp_path, longer).read(0, task(0)) is not None
    other = Screen.of(replace(screen.design, seed=screen.design.seed + 1))
    assert Journal.of(tmp_path, other).read(0, task(0)) is None
    assert Journal.of(tmp_path, screen).read(0, task(0)) is None  # it was thrown away


def test_two_runs_never_write_one_folder(tmp_path):
    with alone(tmp_path), pytest.raises(InputError, match="another run"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_full_disk_is_said_and_leaves_no_chunk(tmp_path, screen, monkeypatch):
    journal = Journal.of(tmp_path, screen)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        journal.keep(0, task(0), chunk(0))
    assert list(journal.folder.iterdir()) == []


def test_killed_at_random_moments_nothing_is_lost_or_doubled(tmp_path):
    def files(folder):
        return {path.name: path.read_bytes() for path in sorted((folder / "parts").iterdir())}

    def started(folder):
        process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)], stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    begun = time.monotonic()
    with started(tmp_path / "whole") as process:
        assert process.wait() == 0
    lasts = time.monotonic() - begun
    draw = random.Random(5)
    folder = tmp_path / "killed"
    for _ in range(KILLS):
        with started(folder) as process:
            time.sleep(draw.uniform(0.1, 0.5) * lasts)
            process.send_signal(signal.SIGKILL)
    with started(folder) as process:
        assert process.wait() == 0
    assert files(folder) == files(tmp_path / "whole")
    assert not (folder / UNFINISHED).exists()
