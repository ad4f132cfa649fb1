"""What-if: the same virtual patients, paired, and every wrong setting named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepaxis.patient import load
from hepaxis.plan.patient_twin import Draws
from hepaxis.plan.what_if import MOST, Moved, WhatIf, capacities, groups
from hepaxis.problems import InputError


@pytest.fixture(scope="module")
def asked(root: Path) -> WhatIf:
    return WhatIf(load(root / "examples" / "viral_antibiotic"), Draws(5, 4, 1, 365.0))


def test_the_same_setting_changes_nothing(asked: WhatIf) -> None:
    found = asked.answer(Moved())
    assert found.change_response.median == 0.0
    assert found.change_response.lo90 == found.change_response.hi90 == 0.0
    assert asked.answer(Moved({"butyrate": 1.0})).response == found.response


def test_a_change_and_its_reverse_mirror_each_other(asked: WhatIf) -> None:
    there = asked.answer(Moved({"lps": 0.2}), Moved())
    back = asked.answer(Moved(), Moved({"lps": 0.2}))
    assert there.change_response.median == pytest.approx(-back.change_response.median)
    assert there.change_response.median != 0.0
    assert there.response == asked.answer(Moved({"lps": 0.2}), Moved({"lps": 3.0})).response


def test_with_every_claim_off_no_capacity_matters(asked: WhatIf) -> None:
    off = tuple(groups())
    moved = asked.answer(Moved({"butyrate": MOST, "lps": MOST, "dca": MOST}, off), Moved({}, off))
    assert np.abs(moved.change_response.median) < 1e-4
    claimed = asked.answer(Moved({"butyrate": MOST, "lps": MOST, "dca": MOST}))
    assert np.abs(claimed.change_response.median) > 1e-3


def test_every_capacity_moves_its_parameter_for_every_draw(asked: WhatIf) -> None:
    own = asked.twin.closed.parameters
    for one in capacities():
        rest = asked._rest(Moved({one.id: 2.0})).closed.parameters[one.parameter].to_numpy(float)
        before = own[one.parameter].to_numpy(float) if one.parameter in own else 1.0
        assert np.allclose(rest, 2.0 * before)


def test_every_wrong_setting_is_named(asked: WhatIf) -> None:
    with pytest.raises(InputError) as found:
        asked.answer(Moved({"gold": 1.0, "butyrate": 99.0}, ("magic",), "wish"))
    assert {p.code for p in found.value.problems} == {
        "what_if.capacity",
        "what_if.factor",
        "what_if.group",
        "what_if.strategy",
    }


def test_another_strategy_is_run_on_the_same_people(asked: WhatIf) -> None:
    id = next(iter(asked.strategies))
    found = asked.answer(Moved(strategy=id))
    assert found.n == asked.answer(Moved()).n
    assert found.curve.label == asked.strategies[id].label
