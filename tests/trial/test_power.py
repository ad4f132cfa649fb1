"""Power and assurance: nothing from nothing, the textbook's numbers, and what a wider belief does to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from hepaxis.problems import InputError
from hepaxis.trial.effects import SCALES, Base, Effects, check_asked, covariances, effects, likely_variance, paired_pool
from hepaxis.trial.estimates import spread
from hepaxis.trial.extrapolation import Extrapolation, extrapolation, extrapolation_table
from hepaxis.trial.power import Belief, at_size, belief, check_sizes, least_size, power, rejects, succeeds
from hepaxis.trial.ranking import ranking
from hepaxis.trial.trial_tests import ALPHA, TwoArms

TRIALS = 4_000
NARROW = Extrapolation(0.0, 1.0, 0.8, 0.9)


def exponential(n: int = 3_000, median: float = 300.0, last: float = 900.0) -> Base:
    """A control arm with exponential times, seen for ``last`` days."""
    day = -np.log((np.arange(n) + 0.5) / n) * median / np.log(2)
    return Base(float("nan"), np.minimum(day, last), day < last)


def share(rate: float) -> Base:
    return Base(rate, np.zeros(0), np.zeros(0, bool))


def known(mean: list[float], sd: list[float], outcome: str = "response", rate: float = 0.3) -> Effects:
    """Effects of arms a, b, ... that are independent between draws."""
    k = len(mean)
    base = share(rate) if SCALES[outcome] == "log_odds" else exponential()
    names = tuple("abcdefg"[:k])
    most = np.array(sd) * 1.2
    spreads = np.diag(np.square(sd)), np.zeros((k, k)), np.zeros(k)
    return Effects(outcome, "none", names, np.array(mean), *spreads, most, 100, 1000, base)


def near(found: dict[str, float], value: float) -> bool:
    """Within four standard errors of the simulation."""
    return abs(found["estimate"] - value) < 4 * max(found["se"], np.sqrt(value * (1 - value) / TRIALS))


@pytest.mark.parametrize("two", [TwoArms(share(0.3), "log_odds"), TwoArms(exponential(), "log_hazard")])
def test_no_effect_is_found_as_often_as_alpha(two):
    found = at_size(two, Belief(0.0, 0.0, 1.0), 400, TRIALS, 3)
    assert near(found["power"], ALPHA)
    assert near(found["assurance"], ALPHA / 2)
    assert near(found["significant_harm"], ALPHA / 2)
    assert found["power_formula"] == pytest.approx(ALPHA)
    assert found["significant_wrong_way"]["estimate"] == 0


def test_power_of_two_shares_is_the_textbooks():
    # 30% against 50%, 93 on each arm: 80% (two proportions, two-sided 5%).
    two = TwoArms(share(0.3), "log_odds")
    effect = float(logit(0.5) - logit(0.3))
    found = at_size(two, Belief(effect, 0.0, 1.0), 186, TRIALS, 5)
    assert found["power_formula"] == pytest.approx(0.80, abs=0.01)
    assert near(found["power"], 0.80)
    assert least_size(two, np.array([effect]), 0.8) == pytest.approx(186, abs=3)


def test_power_of_the_log_rank_test_is_schoenfelds():
    # A hazard ratio of 0.7 needs 247 events for 80% power with equal arms.
    base = exponential(last=900.0)
    two = TwoArms(base, "log_hazard")
    seen = [1 - 0.5 ** (900 / 300), 1 - 0.5 ** (0.7 * 900 / 300)]
    n = round(247 / np.mean(seen))
    found = at_size(two, Belief(float(np.log(0.7)), 0.0, -1.0), n, TRIALS, 7)
    assert found["power_formula"] == pytest.approx(0.80, abs=0.01)
    assert found["power"]["estimate"] == pytest.approx(0.80, abs=0.025)


@pytest.mark.parametrize("outcome", ["response", "pfs"])
@pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.2), (0.6, 0.4), (-0.1, 0.5)])
def test_the_formulas_agree_with_simulated_trials(outcome, mean, sd):
    good = 1.0 if outcome == "response" else -1.0
    made = power(known([good * mean], [sd], outcome), "a", [100, 400], NARROW, trials=TRIALS)
    for one in made["sizes"]:
        assert one["power"]["estimate"] == pytest.approx(one["power_formula"], abs=0.035)
        assert one["assurance"]["estimate"] == pytest.approx(one["assurance_formula"], abs=0.035)


def test_more_patients_never_make_success_less_likely():
    two = TwoArms(share(0.3), "log_odds")
    for what in (Belief(0.3, 0.0, 1.0), Belief(0.2, 0.4, 1.0)):
        chances = [succeeds(two, n, what.spread()) for n in (50, 100, 200, 400, 800, 3200)]
        assert np.all(np.diff(chances) > 0)
    simulated = power(known([0.3], [0.3]), "a", [50, 200, 800], NARROW, trials=TRIALS)["sizes"]
    for name in ("power", "assurance"):
        assert np.all(np.diff([one[name]["estimate"] for one in simulated]) > 0)
    wrong = [one["wrong_way"]["estimate"] for one in simulated]
    assert np.all(np.diff(wrong) < 0)


def test_a_wider_belief_pulls_assurance_towards_the_chance_of_a_benefit():
    two = TwoArms(share(0.3), "log_odds")

    def chance(mean: float, sd: float) -> float:
        return succeeds(two, 600, Belief(mean, sd, 1.0).spread())

    assert chance(0.1, 0.5) > chance(0.1, 0.2) > chance(0.1, 0.0)  # hopeless at the mean: width can only help
    assert chance(0.9, 0.8) < chance(0.9, 0.4) < chance(0.9, 0.0)  # certain at the mean: width can only harm
    what = Belief(0.2, 0.4, 1.0)
    assert succeeds(two, 2_000_000, what.spread()) == pytest.approx(what.better, abs=0.01)
    made = power(known([0.1], [0.1]), "a", [600], extrapolation("log_odds"), trials=200)
    sds = [one["log_sd"] for one in made["by_width"]]
    assert sds == sorted(sds)
    assert sds[0] == pytest.approx(0.1)


def test_goals_that_no_size_reaches_are_said_to_be_so():
    made = power(known([-0.2], [0.1]), "a", [100], NARROW, trials=100)
    assert made["needed"]["power"]["n"] is None
    assert made["needed"]["assurance"]["n"] is None
    assert made["needed"]["assurance"]["most"] < 0.05
    good = power(known([0.5], [0.3]), "a", [100], NARROW, trials=100)["needed"]
    two = TwoArms(share(0.3), "log_odds")
    n = good["power"]["n"]
    assert rejects(two, n, np.array([0.5])) == pytest.approx(0.8, abs=0.005)
    assert good["assurance"]["n"] < n


def test_points_and_ratio_are_the_same_effect():
    made = power(known([0.2], [0.1]), "a", [100], extrapolation("log_odds"), trials=100)["expected"]
    assert made["points"]["median"] == pytest.approx(100 * (expit(logit(0.3) + 0.2) - 0.3), rel=1e-4)
    assert made["points"]["low"] < 0 < made["points"]["high"]
    assert made["ratio"]["median"] == pytest.approx(np.exp(0.2), rel=1e-4)


def test_every_width_has_a_reason():
    for scale in set(SCALES.values()):
        table = extrapolation_table(scale)
        assert {row["name"] for row in table} >= {"trials_differ", "not_in_the_model", "carried", "shared"}
        assert all(row["reason"] and (row["source"] or row["grade"] != "human") for row in table)
        assert 0.2 < extrapolation(scale).sd < 0.6
    assert extrapolation("log_odds").widened(2).sd == pytest.approx(2 * extrapolation("log_odds").sd)


def pool(rng: np.random.Generator, gain: float, sd: float, draws: int = 300) -> dict[str, pd.DataFrame]:
    """Rows of two arms, ten patients a draw, with log odds that move by gain + sd of a normal between draws."""
    n = 10 * draws
    draw = np.arange(n) // 10
    moved = gain + sd * rng.standard_normal(draws)[draw]
    chance = rng.random(n)
    made = {}
    for name, effect in (("none", np.zeros(n)), ("a", moved)):
        responds = chance < expit(logit(0.3) + effect)
        hazard = np.exp(-effect) / 300
        day = -np.log(chance) / hazard
        columns = dict.fromkeys(("best_unconfirmed", "best_viable"), np.where(responds, 2, 4))
        flags = dict.fromkeys(("durable", "severe", "severe_immune"), np.zeros(n, bool))
        times = {f"{kind}_day": np.minimum(day, 700.0) for kind in ("pfs", "os")}
        events = {f"{kind}_event": day < 700 for kind in ("pfs", "os")}
        head = {"patient": np.arange(n), "weight": np.ones(n), "draw": draw, "best": np.where(responds, 2, 4)}
        made[name] = pd.DataFrame({**head, **columns, **flags, **times, **events, "decompensation_day": np.inf})
    return made


@pytest.mark.parametrize("outcome", ["response", "pfs"])
def test_mean_and_spread_between_draws_are_found_again(outcome):
    found = effects(pool(np.random.default_rng(2), 0.4, 0.3), "none", outcome)
    sign = 1.0 if outcome == "response" else -1.0
    assert found.mean[0] == pytest.approx(sign * 0.4, abs=0.09)
    assert np.sqrt(found.between[0, 0]) == pytest.approx(0.3, abs=0.1)
    assert (found.patients, found.draws) == (3_000, 300)
    paired = np.sqrt(found.simulation[0, 0])
    assert paired < 0.04  # unpaired it would be near 0.056 (response) or 0.029 and draws beside it


def test_covariances_are_the_spread_of_each_estimate():
    rng = np.random.default_rng(4)
    draw = np.arange(400) // 10
    influence = rng.standard_normal((400, 1)) + rng.standard_normal(40)[draw][:, None]
    influence -= influence.mean(0)
    between, simulation = covariances(influence, draw)
    got = spread(influence[:, 0], draw)
    assert between[0, 0] == pytest.approx(got.draws)
    assert simulation[0, 0] == pytest.approx(got.simulation)


def test_a_parallel_design_puts_the_same_patients_on_both_arms():
    from hepaxis.trial import load_design

    design = replace(load_design("flora"), horizon_days=84.0)
    rows, stamp = paired_pool(design, ("fmt",), "control", 4)
    assert set(rows) == {"control", "fmt"}
    assert list(rows["fmt"]["patient"]) == list(rows["control"]["patient"])
    assert len(rows["fmt"]) == 4
    assert stamp["seed"] == design.seed


def test_a_spread_that_is_not_seen_is_not_taken_for_none():
    assert likely_variance(0.0, 0.1) == pytest.approx(0.1 * np.sqrt(2 / np.pi))
    assert 0 < likely_variance(-0.3, 0.1) < 0.04
    assert likely_variance(1.0, 0.01) == pytest.approx(1.0)
    found = effects(pool(np.random.default_rng(3), 0.1, 0.0, draws=30), "none", "response")
    seen = np.sqrt(found.between[0, 0] + found.simulation[0, 0])
    assert belief(found, "a", NARROW).sd > 1.05 * seen
    assert np.sqrt(found.between[0, 0] + found.unseen[0]) < found.draw_sd_most[0]


def test_too_few_draws_or_events_are_said():
    rows = pool(np.random.default_rng(1), 0.0, 0.0, draws=5)
    with pytest.raises(InputError, match="5 draws"):
        effects(rows, "none", "response")
    rows = {name: table.assign(best=4) for name, table in pool(np.random.default_rng(1), 0.0, 0.0).items()}
    with pytest.raises(InputError, match="fewer than 5 events"):
        effects(rows, "none", "response")


def test_arms_alike_are_not_ranked_and_a_clear_one_is():
    alike = ranking(known([0.10, 0.12, 0.11], [0.2, 0.2, 0.2]), extrapolation("log_odds"))
    assert alike["abstains"]
    assert alike["best"] is None
    assert set(alike["not_told_from_first"]) == {"a", "c", "none"}
    assert sum(one["probability_best"] for one in alike["arms"]) == pytest.approx(1.0)
    assert alike["arms"][0]["arm"] == "b"
    clear = ranking(known([0.1, 1.5], [0.1, 0.1]), extrapolation("log_odds"))
    assert clear["best"] == "b"
    assert not clear["abstains"]
    assert clear["arms"][0]["expected_regret"] < 0.01 < clear["arms"][-1]["expected_regret"]


def test_on_hazards_less_is_better():
    found = ranking(known([-0.9, 0.9], [0.05, 0.05], "os"), NARROW)
    assert [one["arm"] for one in found["arms"]] == ["a", "none", "b"]
    assert found["best"] == "a"
    assert belief(known([-0.9], [0.05], "os"), "a", NARROW).better == pytest.approx(1.0)


def test_what_cannot_be_asked_is_said_all_at_once():
    from hepaxis.trial import load_design

    design = load_design("fmt_timing")
    assert not check_asked(design, ("day_0",), "none", "os")
    faults = check_asked(design, ("day_7", "none"), "none", "joy")
    assert [one.code for one in faults] == ["trial.arm", "trial.arm", "trial.outcome"]
    with pytest.raises(InputError) as caught:
        check_sizes([3, 100, 10**6], 0)
    assert len(caught.value.problems) == 3
