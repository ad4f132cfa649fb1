"""Followed patients: hand-made lives with known answers, the endpoint traps, and what must always hold."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_courses import DAYS, LATE, chance, conduct, course, mixed

from hepaxis.trial import (
    ENDPOINT_COLUMNS,
    NEVER,
    Arm,
    Chance,
    Nuisance,
    Response,
    assess,
    cumulative_incidence,
    endpoints,
    follow,
    hazard_table,
    interval_censored,
    measure,
    product_limit,
    published_arm,
    published_arm_ids,
    shares,
)
from hepaxis.trial import conduct as trial_conduct
from hepaxis.trial.hazards import DROP_OUT, cumulative, death_hazard, decompensation_hazard, new_lesion_hazard

FLAT = np.ones_like(DAYS)
ARM = Arm("immune", 2016.0)


def hit(day: float, of=new_lesion_hazard) -> float:
    """Threshold that a flat patient's cumulative hazard reaches on a day."""
    made = course(FLAT)
    rates = of(made, np.zeros(1)) if of is new_lesion_hazard else of(made)
    return float(np.interp(day, DAYS, cumulative(rates, DAYS)[0]))


def one(size=FLAT, *, rules=None, mm=100.0, arm=ARM, **events):
    events = {k: np.atleast_1d(np.asarray(v, float)) for k, v in events.items()}
    if "new" in events:
        events["new"] = np.append(events["new"], [LATE] * (3 - len(events["new"])))[None, :]
    got = follow(course(size, mm=mm), rules or conduct(), chance(**events), arm)
    return got, endpoints(got).iloc[0]


def dead(day: float) -> float:
    return hit(day, death_hazard)


def test_death_before_the_first_scan_is_an_event_and_cannot_be_evaluated():
    """Trap 6."""
    got, row = one(death=dead(40))
    assert row["best"] == Response.NE
    assert (row["pfs_event"], row["os_event"]) == (True, True)
    assert row["pfs_day"] == pytest.approx(40, abs=0.1)
    assert row["pfs_left"] == row["pfs_right"] == row["pfs_day"]
    assert not got.reading.seen.any()


def test_leaving_censors_at_the_last_scan():
    _, row = one(leaving=0.13)  # day 130 at 0.001 a day: two scans were made
    assert (row["pfs_event"], row["pfs_day"], row["pfs_left"]) == (False, 112.0, 112.0)
    assert np.isinf(row["pfs_right"])
    assert row["best"] == Response.SD
    _, never_scanned = one(leaving=0.03)
    assert (never_scanned["pfs_event"], never_scanned["pfs_day"], never_scanned["best"]) == (False, 0.0, Response.NE)


def test_death_after_leaving_is_no_event_of_progression_free_survival_but_of_survival():
    _, row = one(leaving=0.13, death=dead(300))
    assert (row["pfs_event"], row["os_event"]) == (False, True)
    assert row["os_day"] == pytest.approx(300, abs=0.1)


def test_progression_is_dated_by_the_scan_and_kept_as_an_interval():
    _, row = one(new=hit(60))
    assert (row["pfs_day"], row["pfs_left"], row["pfs_right"]) == (112.0, 56.0, 112.0)
    assert row["latent_day"] == pytest.approx(60, abs=0.1)
    assert row["by_new_lesion"]


def test_no_scan_after_progression_unless_treated_beyond_it():
    still, _ = one(new=hit(60))
    assert still.reading.seen[0].tolist()[:4] == [True, True, False, False]
    goes_on, row = one(new=hit(60), beyond=0.1)
    assert goes_on.reading.seen[0, :3].all()
    assert row["pfs_day"] == 112.0, "progression keeps its first date"


def test_treated_beyond_progression_until_it_is_confirmed():
    got, _ = one(new=[hit(60), hit(130) - hit(60)], beyond=0.1)
    assert got.immune.confirmed[0] == 2, "another new lesion at the next scan"
    assert not got.reading.seen[0, 3:].any()


def test_response_that_dies_before_it_is_confirmed_is_stable_disease():
    size = np.where(DAYS < 20, 1.0, 0.5)
    _, row = one(size, death=dead(60))  # about day 84: the smaller tumour kills more slowly
    assert 56 < row["os_day"] < 112
    assert row["best"] == Response.SD
    assert row["best_unconfirmed"] == Response.PR
    assert np.isnan(row["duration"])


def test_duration_runs_from_the_first_scan_of_the_response():
    size = np.where(DAYS < 40, 1.0, np.where(DAYS < 250, 0.5, 0.8))
    _, row = one(size)
    assert (row["best"], row["response_day"], row["pfs_day"]) == (Response.PR, 56.0, 280.0)
    assert (row["duration"], row["duration_event"]) == (224.0, True)
    assert row["change"] == pytest.approx(-0.5)


def test_two_lesions_of_the_model_are_read_and_a_third_only_counts_for_a_complete_response():
    mm = np.zeros((1, len(DAYS), 3))
    mm[0, :, 0], mm[0, :, 1] = 60, 40
    mm[0, DAYS > 40, :2] = 0
    for third, expected in ((0.0, Response.CR), (15.0, Response.PR)):
        mm[0, :, 2] = third
        made = dataclasses.replace(course(FLAT), lesion_mm=mm)
        got = follow(made, conduct(), chance(lesions=3), ARM)
        assert got.sums_mm[0, 0] == 100
        assert got.best.response[0] == expected


def test_decompensation_death_and_progression_compete():
    got, row = one(decompensation=0.05)
    assert row["first_event"] == 2
    assert row["first_event_day"] == row["decompensation_day"] < 91
    _, early = one(decompensation=0.05, death=dead(20))
    assert (early["first_event"], np.isinf(early["decompensation_day"])) == (3, True)
    _, progressed = one(decompensation=0.5, new=hit(40))
    assert (progressed["first_event"], progressed["first_event_day"]) == (1, 56.0)
    _, unwatched = one(leaving=0.1, decompensation=0.09)  # day 100; decompensation about day 110
    assert (unwatched["first_event"], unwatched["first_event_day"]) == (0, 100.0)
    assert 100 < unwatched["decompensation_day"] < 150
    _, nothing = one(leaving=0.1)
    assert (nothing["first_event"], nothing["first_event_day"]) == (0, 100.0)
    assert got.lives.horizon == DAYS[-1]


def test_decompensation_incidence_is_near_the_published_one():
    """10.1158/1078-0432.CCR-24-2582: 7% at 3 and 12% at 12 months, against progression as a competing event."""
    n = 8000
    got = follow(mixed(n), trial_conduct("IMbrave150"), Chance.draw(n, 40, 3), ARM)
    table = endpoints(got)
    curve = cumulative_incidence(table["first_event_day"].to_numpy(), table["first_event"].to_numpy(), 2)
    assert curve.at(91.0) == pytest.approx(0.07, abs=0.015)
    assert curve.at(365.0) == pytest.approx(0.12, abs=0.03)


def test_decompensation_comes_sooner_in_a_worse_liver():
    plain = course(FLAT)
    worse = dataclasses.replace(plain, albi=np.full((1, len(DAYS)), -2.05))
    poorer = dataclasses.replace(plain, liver_function=np.full((1, len(DAYS)), 0.8))
    ratio = decompensation_hazard(worse) / decompensation_hazard(plain)
    assert ratio == pytest.approx(1.79, abs=0.01), "ALBI grades are about 0.6 apart"
    assert decompensation_hazard(poorer) / decompensation_hazard(plain) == pytest.approx(1.79, abs=0.01)


def test_latent_progression_is_of_size_too():
    """A tumour that only grows dies sooner than its size alone says, scanned or not."""
    size = np.where(DAYS < 100, 1.0, 1.3)
    got, _ = one(size, leaving=0.01, death=dead(400))
    assert 100 <= got.lives.latent[0] <= 112
    small = np.where(DAYS < 100, 1.0, 1.1)
    assert np.isinf(one(small, leaving=0.01, death=dead(400))[0].lives.latent[0])


def test_survival_does_not_depend_on_the_scan_interval():
    """Trap 5: progression as detected would give 15.1 months at 4 weeks and 15.9 at 12."""
    n = 4000
    made, luck = mixed(n), Chance.draw(n, 300, 5)
    tables = {}
    for weeks in (4, 12):
        rules = conduct(interval_weeks=weeks, later_weeks=weeks)
        tables[weeks] = endpoints(follow(made, rules, luck, ARM))
    assert np.array_equal(tables[4]["os_day"], tables[12]["os_day"])
    assert np.array_equal(tables[4]["latent_day"], tables[12]["latent_day"])
    assert not np.array_equal(tables[4]["pfs_day"], tables[12]["pfs_day"])


@pytest.mark.parametrize(
    "change",
    [
        {"death": {"new": hit(60)}},
        {"arm": {"year": 2006.0}},
        {"arm": {"second_line": 1.0}},
        {"death": {"decompensation": 0.05}},
        {"death": {"death_frailty": 1.0}},
    ],
    ids=["latent progression", "era", "second line", "decompensation", "frailty"],
)
def test_each_term_of_the_hazard_of_death_shortens_survival(change):
    plain = one(death=dead(500))[1]["os_day"]
    arm = dataclasses.replace(ARM, **change.get("arm", {}))
    assert one(death=dead(500), arm=arm, **change.get("death", {}))[1]["os_day"] < plain - 5


def test_albi_replaces_liver_function_where_it_is_known():
    worse = dataclasses.replace(course(FLAT), albi=np.full((1, len(DAYS)), -1.65))
    same = dataclasses.replace(worse, albi=worse.albi - 1.0)
    plain = death_hazard(course(FLAT))
    assert death_hazard(same) == pytest.approx(plain)
    assert death_hazard(worse) == pytest.approx(np.e * plain)


def test_leaving_is_faster_on_kinase_inhibitors():
    days = [one(leaving=0.5, arm=Arm(kind, 2016.0))[0].lives.leaving[0] for kind in ("immune", "placebo", "tki")]
    assert days == sorted(days, reverse=True)
    with pytest.raises(ValueError, match="tki"):
        one(arm=Arm("chemotherapy", 2016.0))


def test_a_published_arm_is_followed_as_the_table_says():
    arm = Arm.published(published_arm("imbrave150_atezo_bev"))
    assert (arm.leaving, arm.drugs, arm.second_line) == ("immune", ("atezolizumab", "bevacizumab"), 0.0)
    assert 2018 < arm.year < 2019
    assert Arm.published(published_arm("keynote_240_placebo")).drugs == ()
    for id in published_arm_ids():
        found = Arm.published(published_arm(id))
        assert 2000 < found.year < 2026, id
        assert found.leaving in DROP_OUT, id


def test_random_numbers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        follow(course(FLAT), conduct(), chance(2), ARM)
    with pytest.raises(ValueError, match="scans"):
        follow(course(FLAT), conduct(), chance(1, scans=3), ARM)
    mm = np.full((1, len(DAYS), 4), 20.0)
    with pytest.raises(ValueError, match="lesions"):
        follow(dataclasses.replace(course(FLAT), lesion_mm=mm), conduct(), chance(1), ARM)


# -- traps that show in populations


def pfs_at(table, day):
    return float(product_limit(table["pfs_day"].to_numpy(), table["pfs_event"].to_numpy()).at(day))


def test_medians_sit_on_scans_and_survival_at_a_time_does_not():
    """Trap 2: the same patients have medians two months apart at 4 and 12 weeks; their latent progression is one."""
    n = 4000
    made, luck = mixed(n), dataclasses.replace(Chance.draw(n, 300, 5), scatter=np.zeros((n, 300)))
    medians = {}
    for weeks in (4, 8, 12):
        table = endpoints(follow(made, conduct(interval_weeks=weeks, later_weeks=weeks), luck, ARM))
        curve = product_limit(table["pfs_day"].to_numpy(), table["pfs_event"].to_numpy())
        medians[weeks] = curve.median()
        known = interval_censored(table["pfs_left"].to_numpy(), table["pfs_right"].to_numpy(), np.arange(14.0, 800, 14))
        medians[f"interval {weeks}"] = known.median()
    assert medians[12] - medians[4] > 25
    assert medians[8] % 56 < 1e-6 or medians[8] % 56 > 1, "a scan day, or a death between"
    assert abs(medians["interval 12"] - medians["interval 4"]) < 25


def test_scatter_of_visits_spreads_events_off_the_grid():
    """Trap 2."""
    n = 3000
    table = endpoints(follow(mixed(n), conduct(), Chance.draw(n, 40, 5), ARM))
    found = table.loc[np.isfinite(table["progression_day"]), "progression_day"]
    assert (found % 56 < 0.01).mean() < 0.05
    counts = np.histogram(found, np.arange(0, 200, 4))[0]
    assert counts.max() < 0.35 * counts[:20].sum()


def test_confirmation_lowers_response_and_lengthens_duration():
    """Trap 3."""
    n = 6000
    made, luck = mixed(n), Chance.draw(n, 40, 5)
    sure, single = (endpoints(follow(made, conduct(confirmed=c), luck, ARM)) for c in (True, False))
    responds = [t["best"].isin([Response.CR, Response.PR]) for t in (sure, single)]
    assert responds[1].mean() - responds[0].mean() > 0.01
    medians = [
        product_limit(t.loc[r, "duration"].to_numpy(), t.loc[r, "duration_event"].to_numpy()).median()
        for t, r in zip((sure, single), responds, strict=True)
    ]
    assert medians[0] > medians[1] + 14


def test_measurement_error_alone_makes_progression_over_the_nadir(monkeypatch):
    """Trap 4: error lowers progression-free survival at a year by the nadir rule; the median hardly shows it."""
    n = 6000
    made, luck = mixed(n), Chance.draw(n, 40, 5)
    at_year = []
    for error in ("0", "0.07", "0.12"):
        monkeypatch.setitem(hazard_table()["measurement_error"], "value", error)
        at_year.append(pfs_at(endpoints(follow(made, conduct(), luck, ARM)), 370.0))
    assert at_year[0] - at_year[1] > 0.005
    assert at_year[1] - at_year[2] > 0.01


def test_an_arm_is_scored_on_enough_patients():
    """Trap 7: at 1,024 patients a response rate of 15% has an sd above one point of noise in its sampling; at 16,384
    it has a quarter of that, and an arm of five years is followed in seconds."""
    n = 16_384
    made, luck = mixed(n, days=np.arange(0, 5 * 365 + 1, 7.0)), Chance.draw(n, 60, 5)
    began = time.perf_counter()
    got = follow(made, trial_conduct("HIMALAYA"), luck, ARM)
    table = endpoints(got)
    assert time.perf_counter() - began < 20, "about one second on a free core"
    responds = got.best.objective
    few = responds.reshape(16, 1024).mean(1)
    assert 0.006 < few.std(ddof=1) < 0.02
    assert np.sqrt(responds.mean() * (1 - responds.mean()) / n) < 0.003
    assert len(table) == n


def test_same_random_numbers_pair_arms():
    """A patient that no drug touches is the same on both arms."""
    n = 500
    made, luck = mixed(n), Chance.draw(n, 40, 5)
    one_arm, other = (
        endpoints(follow(made, conduct(), luck, Arm("immune", 2016.0, drugs))) for drugs in ((), ("lenvatinib",))
    )
    assert one_arm.drop(columns="best_viable").equals(other.drop(columns="best_viable"))
    viable = [t["best_viable"].isin([Response.CR, Response.PR]).mean() for t in (one_arm, other)]
    assert viable[1] > viable[0] + 0.02


def test_spontaneous_regression_answers_placebo():
    n = 6000
    rng = np.random.default_rng(2)
    growth = np.exp(rng.normal(np.log(0.0046), 1.0, n))
    grows = course(np.exp(np.minimum(growth[:, None] * DAYS / 3, 1.5)), mm=110.0, net_growth=growth)
    got = follow(grows, conduct(interval_weeks=6, later_weeks=6), Chance.draw(n, 60, 5), Arm("placebo", 2016.0))
    assert 0.01 < got.best.objective.mean() < 0.045, "placebo arms: 1 to 4.4%"
    quiet = dataclasses.replace(Chance.draw(n, 60, 5), spontaneous=np.ones(n))
    without = follow(grows, conduct(interval_weeks=6, later_weeks=6), quiet, Arm("placebo", 2016.0))
    assert without.best.objective.mean() < 0.01


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    weeks=st.sampled_from([4, 6, 8, 9, 12]),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    confirmed=st.booleans(),
)
def test_what_always_holds(seed, weeks, share, confirmed):
    n = 300
    rules = conduct(interval_weeks=weeks, later_weeks=weeks, beyond_progression=share, confirmed=confirmed)
    got = follow(mixed(n, seed), rules, Chance.draw(n, 300, seed), ARM)
    t = endpoints(got)
    assert list(t.columns) == list(ENDPOINT_COLUMNS)
    last = np.minimum(got.lives.death, got.lives.leaving)[:, None]
    assert np.all(~got.reading.seen | (got.reading.days <= last)), "no scan after death or leaving"
    assert np.all(~got.reading.seen | (got.reading.days <= got.lives.horizon))
    assert np.all(np.isnan(got.sums_mm[:, 1:]) == ~got.reading.seen)
    stopped = (got.reading.progression != NEVER) & ~got.beyond
    later = np.arange(got.reading.days.shape[1])[None, :] > got.reading.progression[:, None]
    assert not (got.reading.seen & later)[stopped].any(), "no scan after progression"
    assert np.all(t["pfs_day"] <= t["os_day"] + 1e-9)
    assert np.all(t["immune_pfs_day"] >= t["pfs_day"] - 1e-9), "iRECIST never dates progression earlier"
    assert np.all(t["pfs_left"] <= t["pfs_right"])
    assert np.all(t["first_event_day"] <= t["os_day"] + 1e-9)
    assert np.all((t["best_unconfirmed"] != Response.NE) | (t["best"] == Response.NE)), "no rule sees more than this"
    assert np.all(~got.best.objective | got.best_unconfirmed.objective)
    has = t["response_day"].notna()
    assert np.all(t.loc[has, "duration"] >= (28 if confirmed else 0) - 1e-9)
    apart = shares(got.best, not_evaluable="separate")
    assert apart["control"] + apart["progression"] + apart["not_evaluable"] == pytest.approx(1)


def test_reading_a_gone_lesion_has_no_error():
    assert measure(np.zeros(3), np.ones(3)).tolist() == [0, 0, 0]


def test_drawn_patients_agree_with_the_probabilities_of_a_plan():
    """Two ways over the same hazards and rules: events drawn for a trial, integrated for a plan."""
    n, year = 6000, np.arange(0, 365.0, 7.0)
    made = mixed(n, days=year)
    luck = dataclasses.replace(Chance.draw(n, 40, 5), leaving=np.full(n, LATE), second=np.ones(n))  # one target each
    drawn = endpoints(follow(made, conduct(), dataclasses.replace(luck, scatter=np.zeros((n, 40))), ARM))
    expected = assess(made, Nuisance.draw(n, 12, 1, 9), scan_interval_weeks=8)
    curve = product_limit(drawn["pfs_day"].to_numpy(), drawn["pfs_event"].to_numpy())
    assert curve.at(expected.scans[:-1]) == pytest.approx(expected.event_free.mean(0)[:-1], abs=0.025)
    responds = drawn["best"].isin([Response.CR, Response.PR]).mean()
    assert responds == pytest.approx(expected.response.mean(), abs=0.025)
