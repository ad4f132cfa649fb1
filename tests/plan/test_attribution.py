"""Where resistance comes from: a made extreme gut moves its rows the way of the model; growth and people are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis.patient import Patient
from hepaxis.plan.attribution import attribute
from hepaxis.plan.estimates import Cross
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import Guts, build_twin, prior_mean_mechanisms, run_strategy
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import reference

TAU, HOSTS, SEED = 0.25, 24, 6
BLOOM = {"ent": 0.72, "ecs": 0.14, "opp": 0.12, "bac": 0.02}
RICH = {"but": 0.5, "bif": 0.12, "akk": 0.14, "bac": 0.2, "bai": 0.04}
LEAKY_PPI = [{"kind": "ppi", "drug": "omeprazole", "start_day": -700.0, "ongoing": True}]


def people(shares: dict[str, float], patient: Patient | None = None):
    """The prior mean of every claim on 24 hosts with one gut, so that signs are the model's and not a draw's."""
    row = np.array([shares.get(guild, 0.0) for guild in GUILDS])[None, :]
    gut = Guts(row, np.full((1, 12), 0.02), (row > 0).astype(float), pd.DataFrame(index=range(1)), "profile")
    patient = patient or Patient()
    known = reference("metaphlan4")
    twin = build_twin(patient, gut, prior_mean_mechanisms(TAU), known, hosts=HOSTS, seed=SEED)
    setting = Setting.of(twin, patient, "durvalumab", 182.0, SEED)
    return twin, setting, known


def found(shares: dict[str, float], patient: Patient | None = None):
    twin, setting, known = people(shares, patient)
    base = simulate(twin, ("durvalumab",), setting)
    cross = Cross(twin.host, twin.draw, ~base.failed)
    return attribute(twin, base, setting, known, cross)


@pytest.fixture(scope="module")
def bloom():
    return found(BLOOM)


@pytest.fixture(scope="module")
def rich():
    return found(RICH)


def effects(gut) -> dict[str, float]:
    return {row.id: row.effect.median for row in gut.rows}


def test_an_enterobacterial_bloom_lowers_and_a_rich_gut_raises_response(bloom, rich):
    assert effects(bloom)["gut"] < -0.05
    assert effects(rich)["gut"] > 0.05
    assert bloom.effect.median < 0 < rich.effect.median


def test_the_rows_of_the_groups_have_the_sign_of_their_claims(bloom, rich):
    assert effects(bloom)["taxa"] < 0, "no Akkermansia, no bifidobacteria, opportunists"
    assert effects(rich)["taxa"] > 0
    assert effects(rich)["prr"] > effects(bloom)["prr"], "portal LPS draws arginase and suppressor cells"
    assert effects(rich)["scfa"] >= effects(bloom)["scfa"]


def test_counterfactual_guts_stand_beside_this_one(bloom, rich):
    sick, well = ({row.id: row.response.median for row in gut.counterfactuals} for gut in (bloom, rich))
    assert list(sick) == ["this_gut", "reference_gut", "no_gut_effect", "donor_gut"]
    assert sick["this_gut"] < sick["reference_gut"]
    assert sick["this_gut"] < sick["donor_gut"]
    assert well["this_gut"] > well["reference_gut"]
    assert well["this_gut"] > well["no_gut_effect"], "growth solved with this gut is kept when its effect is gone"


def test_rows_name_their_part_and_sources(bloom):
    parts = {row.id: row for row in bloom.rows}
    assert parts["gut"].parent == ""
    assert all(row.parent == "gut" for row in bloom.rows if row.category == "gut" and row.id != "gut")
    assert any(row.sources for row in bloom.rows)
    assert {"tumour", "liver"} <= {row.category for row in bloom.rows}
    assert "exposures" not in parts, "no exposure is on the sheet"


def test_a_cold_tumour_takes_from_response(bloom):
    assert effects(bloom)["cold_niche"] < 0


def test_a_long_standing_drug_is_taken_out_of_the_rest_too():
    """A PPI for two years is a level of the rest and never starts on the time line: off must still be off."""
    from hepaxis.plan.attribution import _without_exposures

    twin, *_ = people(RICH, Patient.model_validate({"exposures": LEAKY_PPI}))
    assert (twin.closed.parameters["ppi"] == 1.0).all()
    other = _without_exposures(twin)
    assert (other.closed.parameters["ppi"] == 0.0).all()
    assert other.exposures == ()
    gone = run_strategy(other, (), 182.0, observe=["share_ora", "oral_shift"]).values["oral_shift"]
    assert np.abs(gone).max() < 1e-6, "at rest without it, nothing drifts"


def test_groups_add_up_to_the_gap_and_parts_to_the_gut(bloom, rich):
    for gut in (bloom, rich):
        total = sum(row.effect.median for row in gut.rows if not row.parent)
        assert total == pytest.approx(gut.whole.gap.median, abs=1e-9)
        parts = sum(row.effect.median for row in gut.rows if row.parent == "gut")
        assert parts == pytest.approx(effects(gut)["gut"], abs=1e-9)
        assert gut.whole.patient.median - gut.whole.reference.median == pytest.approx(gut.whole.gap.median, abs=1e-6)
        assert gut.whole.solves > gut.whole.n_patients


def test_the_error_of_the_orders_is_said(bloom):
    errors = {row.id: row.order_error for row in bloom.rows}
    assert all(error >= 0.0 for error in errors.values())
    assert errors["cold_niche"] > 0.0


def test_another_gut_is_told_with_an_interval(bloom):
    assert bloom.another.median > 0.0
    assert bloom.another.lo90 <= bloom.another.median <= bloom.another.hi90


def test_who_fails_in_a_counterfactual_is_left_out_of_that_comparison(monkeypatch):
    twin, setting, known = people(RICH)
    base = simulate(twin, ("durvalumab",), setting)
    cross = Cross(twin.host, twin.draw, ~base.failed)
    lost = np.flatnonzero(~base.failed)[: HOSTS // 2]
    plain = base.endpoints.response

    def failing(other, components, setting, **kwargs):
        made = simulate(other, components, setting, **kwargs)
        failed = made.failed | np.isin(other.host, lost)
        response = np.where(failed, 1.0, plain[other.host])  # a failed one would read as a response
        return replace(made, run=replace(made.run, failed=failed), endpoints=replace(made.endpoints, response=response))

    monkeypatch.setattr("hepaxis.plan.attribution.simulate", failing)
    gut = attribute(twin, base, setting, known, cross)
    assert all(row.effect.median == pytest.approx(0.0, abs=1e-12) for row in gut.rows)
