"""Systems on disk: the same system to the bit, no libSBML on the way, rebuilt where damaged, nothing refused kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hepaxis import engine
from hepaxis.engine import kept
from hepaxis.engine.codegen import cache
from hepaxis.engine.sbml import read_system
from hepaxis.engine.system import System

EVENTFUL = """
compartment C = 2; species S in C; S = 4; x' = 0.3*x*(1 - x/5) - drug*x; drug' = -0.4*drug; S -> ; k*S*C;
x = 1; drug = 2*k; n = 0; k = 0.3; never = NaN; gap := x^h/(never + x^h); h = 1/3;
Dose: at 1.5 after (x > 2), priority = 2, persistent = false: drug = drug + 1, n = n + 1, C = 3;
Rescue: at (x < 0.5), t0 = false: x = x + 0.2;
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path))
    return tmp_path


def assert_same(a: System, b: System) -> None:
    for name in ("op", "args", "moving"):
        assert getattr(a.graph, name) == getattr(b.graph, name)
    assert np.array(a.graph.value).tobytes() == np.array(b.graph.value).tobytes()
    for name in ("default_states", "default_parameters"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    rest = vars(a).keys() - {"graph", "default_states", "default_parameters"}
    assert {k: getattr(a, k) for k in rest} == {k: getattr(b, k) for k in rest}


@pytest.mark.parametrize("name", ["eventful", "DRUG", "ROBERTSON"])
def test_a_kept_system_is_the_one_that_was_read(models: SimpleNamespace, name: str) -> None:
    read = read_system(models.sbml(EVENTFUL if name == "eventful" else getattr(models, name)))
    back = kept.unpack(json.loads(json.dumps(kept.pack(read))))
    assert_same(read, back)
    # It grows on as the other would: a known node is found again, a new one gets the same number.
    for graph in (read.graph, back.graph):
        assert graph.add(graph.state(0), graph.const(7.5)) == len(graph) - 1
        assert graph.const(0.0) == graph.zero


def test_a_model_seen_before_is_loaded_without_libsbml(room: Path, models: SimpleNamespace) -> None:
    text = models.sbml(EVENTFUL)
    engine.load(text).simulate(None, None, [3.0])
    program = (
        "import sys; from hepaxis import engine; m = engine.load(sys.stdin.read()); "
        "print(m.simulate(None, None, [3.0]).values.tobytes().hex(), 'libsbml' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, text=True, check=True)
    values = engine.load(text).simulate(None, None, [3.0]).values
    assert answer.stdout.split() == [values.tobytes().hex(), "False"]


def test_a_damaged_entry_is_read_anew(room: Path, models: SimpleNamespace) -> None:
    text = models.sbml(models.DRUG)
    first = engine.load(text).system
    (entry,) = room.glob("*.system")
    sound = entry.read_bytes()
    entry.write_bytes(sound[:-20] + b"0" * 20)
    assert_same(engine.load(text).system, first)
    assert entry.read_bytes() == sound


def test_another_text_is_another_entry(room: Path, models: SimpleNamespace) -> None:
    engine.load(models.sbml(models.DECAY))
    changed = engine.load(models.sbml(models.DECAY.replace("k = 0.5", "k = 0.6")))
    assert changed.default_parameters["k"] == 0.6
    assert len(list(room.glob("*.system"))) == 2


def test_what_is_refused_is_not_kept(room: Path, models: SimpleNamespace) -> None:
    text = models.sbml("x' = delay(x, 2); x = 1;")
    for _ in range(2):
        with pytest.raises(engine.UnsupportedModel):
            engine.load(text)
    assert not list(room.glob("*.system"))
