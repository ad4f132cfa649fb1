"""Compiled code on disk: reused, rebuilt where damaged, safe under two processes, absent where it cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hepaxis import engine
from hepaxis.engine.codegen import build, cache


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path))
    return tmp_path


def value(text: str) -> float:
    return float(engine.load(text).simulate(None, None, [1.0]).values[0, 0, 0])


def test_code_is_kept_and_used_again(room: Path, models: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    text = models.sbml(models.DECAY)
    first = value(text)
    assert len(list(room.glob("*.code"))) == 1
    monkeypatch.setattr(build, "_object_code", lambda *_: pytest.fail("compiled again"))
    assert value(text) == first


@pytest.mark.parametrize("harm", ["cut", "flip", "empty"])
def test_a_damaged_entry_is_rebuilt(room: Path, models: SimpleNamespace, harm: str) -> None:
    text = models.sbml(models.DECAY)
    first = value(text)
    (entry,) = room.glob("*.code")
    data = bytearray(entry.read_bytes())
    data = data[: len(data) // 2] if harm == "cut" else bytearray() if harm == "empty" else data
    if harm == "flip":
        data[-100] ^= 255
    entry.write_bytes(bytes(data))
    assert value(text) == first
    assert entry.read_bytes() != bytes(data)


def test_two_processes_at_once(room: Path, models: SimpleNamespace) -> None:
    program = (
        "import sys; from hepaxis import engine; model = engine.load(sys.stdin.read()); "
        "print(model.simulate(None, None, [1.0]).values.tobytes().hex())"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = {w.communicate(models.sbml(models.DECAY))[0] for w in workers}
    assert [w.returncode for w in workers] == [0, 0]
    assert len(answers) == 1
    assert not list(room.glob("*.part"))


def test_without_a_folder_nothing_is_wrong(models: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.ENVIRONMENT, "/proc/nowhere")
    kept = value(models.sbml(models.DECAY))
    monkeypatch.setenv(cache.ENVIRONMENT, "off")
    assert value(models.sbml(models.DECAY)) == kept
