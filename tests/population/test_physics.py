"""Physics of every variant: drawn people and every lever stay non-negative; doses, limits and monotone answers.

Generic over the tables (levers, antibody slots, antibiotic classes), so that what is added later is covered too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.axis.tables import SLOTS
from hepaxis.population import Guts, close
from hepaxis.population.closure import KILL_REST, engine_model, lesions
from hepaxis.profile.guilds import GUILDS

LEVERS = axis.build().levers
SIGNED = ("loss_logit", *(f"lesion_log_{k}" for k in lesions()))  # states that may be negative: logarithms
LARGE = {"mg": 1000.0, "mmol_per_day": 100.0, "per_day": 2.0, "mL_per_day": 10.0}
KEPT = ("clearance", "v1", "v2", "_q", ".q", "ec50", "exponent", "time_", "phi.")  # values of a drug, not a treatment


def course(closed, rows, days, observe, parameters=None):
    model = engine_model()
    initial = pd.DataFrame(closed.states, columns=list(model.states))
    table = pd.DataFrame(rows, columns=["time", "target", "action", "amount"]) if rows else None
    run = model.simulate(table, parameters if parameters is not None else closed.parameters, days, observe, initial,
                         rtol=1e-8)  # fmt: skip
    assert not len(run.failures), run.failures
    return run


def some(twin, count=6):
    return twin.closed.take(np.flatnonzero(twin.ok)[:count])


ANTIBIOTICS = [name for name in LEVERS.index if name.startswith("antibiotic.") and name.endswith(".gut")]
TREATMENTS = [lever for lever in LEVERS.index if not any(word in lever for word in KEPT)]


@pytest.mark.parametrize("lever", TREATMENTS)
def test_no_state_turns_negative_under_a_lever(twin, lever):
    """Six drawn people, three weeks of a large amount and three weeks after."""
    row = LEVERS.loc[lever]
    amount = LARGE.get(str(row["unit"]), 1.0) if row["action"] != "multiply" else 0.0
    closed = some(twin)
    back = closed.parameters[row["target"]].iloc[0] if row["target"] in closed.parameters else None
    rows = [(0.0, row["target"], row["action"], amount)]
    if row["action"] == "set":
        back = engine_model().default_parameters[row["target"]] if back is None else back
        rows.append((21.0, row["target"], "set", back))
    run = course(closed, rows, [0.0, 1.0, 7.0, 21.0, 42.0], list(engine_model().states))
    assert np.isfinite(run.values).all()
    for name, column in zip(engine_model().states, np.moveaxis(run.values, 2, 0), strict=True):
        assert name in SIGNED or column.min() >= -1e-6 * (1e-3 + column.max()), name


@pytest.mark.parametrize("slot", SLOTS)
def test_clearance_times_exposure_is_the_dose_of_every_antibody(twin, slot):
    closed = some(twin, 3)
    days = np.concatenate([np.linspace(0, 3, 121), np.linspace(3.05, 900, 12000)])
    rows = [(0.0, f"{slot}_central", "add", 100.0)]
    run = course(closed, rows, days, [f"{slot}_central", f"{slot}_cl"])
    level, clearance = run.of(f"{slot}_central"), run.of(f"{slot}_cl")
    central = f"{slot}_v1"
    volume = closed.parameters[central] if central in closed.parameters else engine_model().default_parameters[central]
    rate = clearance * level / np.asarray(volume, float).reshape(-1, 1) * np.ones_like(level)
    rate[:, 0] = rate[:, 1] + (rate[:, 1] - rate[:, 2])  # the dose is given at day 0: the reading there is before it
    cleared = np.trapezoid(rate, days, axis=1)
    assert cleared == pytest.approx(100.0, rel=1e-3)


def test_a_person_without_a_tumour_stays_without_one_for_ten_years(twin):
    """Also under treatment: nothing comes from nothing."""
    closed = some(twin)
    states = closed.states.copy()
    states[:, list(engine_model().states).index("tumour_volume")] = 0.0
    gone = type(closed)(states, closed.parameters, closed.ok, closed.reason)
    for rows in ([], [(0.0, "pd1_central", "add", 1500.0)]):
        run = course(gone, rows, [0.0, 365.0, 3650.0], ["tumour_volume"])
        assert (run.of("tumour_volume") == 0.0).all()


def test_nothing_given_is_nothing_done(twin):
    closed = some(twin)
    doses = [(0.0, row["target"], "add", 0.0) for _, row in LEVERS[LEVERS["action"] == "add"].iterrows()]
    plain, zero = (course(closed, rows, [0.0, 30.0], list(engine_model().states)).values for rows in ([], doses))
    assert zero == pytest.approx(plain, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("slot", SLOTS)
def test_more_antibody_occupies_more_and_saturates_at_one(twin, slot):
    closed = some(twin, 3)
    found = []
    for dose in (0.0, 1.0, 10.0, 100.0, 1000.0, 1e7):
        run = course(closed, [(0.0, f"{slot}_central", "add", dose)], [0.0, 7.0], [f"occ_{slot}"])
        found.append(run.values[:, 1, 0])
    levels = np.array(found)
    assert (np.diff(levels, axis=0) > 0).all()
    assert (levels[0] == 0).all()
    assert levels[-1] == pytest.approx(1.0, abs=1e-2)
    assert (levels <= 1.0).all()


def test_more_udca_lowers_the_stress_of_lca(twin):
    closed = some(twin, 3)
    doses = (0.0, 0.2, 0.6, 1.5, 3.0)
    levels = np.array(
        [course(closed, [(0.0, "feed_udca", "set", d)], [0.0, 28.0], ["lca_stress"]).values[:, 1, 0] for d in doses]
    )
    assert (np.diff(levels, axis=0) < 0).all()
    assert (levels > 0).all()


@pytest.mark.parametrize(
    ("lever", "variable", "sign", "amounts"),
    [
        *((name, "biomass", -1, (0.0, 30.0, 300.0, 3000.0)) for name in ANTIBIOTICS),
        ("diet.carbohydrate", "scfa_concentration", 1, (20.0, 100.0, 200.0, 300.0)),
        ("inhibitor.bai", "dca_portal", -1, (0.0, 0.3, 0.6, 1.0)),
        ("inhibitor.ido1_tdo2", "kynurenine", -1, (0.0, 0.3, 0.6, 1.0)),
        ("blocker.tlr4", "tlr4_agonist", -1, (0.0, 0.3, 0.6, 1.0)),
    ],
)
def test_a_larger_dose_does_more(twin, lever, variable, sign, amounts):
    row = LEVERS.loc[lever]
    closed = some(twin, 3)
    kills = [name for name in engine_model().default_parameters if name.startswith("antibiotic_kill_")]
    killing = closed.parameters.assign(**dict.fromkeys(kills, 3.0))
    levels = np.array(
        [
            course(closed, [(0.0, row["target"], row["action"], a)], [0.0, 3.0], [variable], killing).values[:, 1, 0]
            for a in amounts
        ]
    )
    assert (np.diff(levels, axis=0) * sign > 0).all(), levels


def test_a_germ_free_gut_rests_and_gives_no_microbial_product(twin):
    rows = np.flatnonzero(twin.ok)[:3]
    closed = twin.closed.take(rows)
    empty = np.zeros((3, len(GUILDS)))
    gut = Guts(empty, np.full_like(empty, 0.01), np.zeros_like(empty), pd.DataFrame(index=range(3)), "profile")
    rested = close(closed.parameters.drop(columns=KILL_REST), gut)
    assert rested.ok.all(), rested.reason
    names = ["biomass", "made_butyrate", "made_propionate", "col_dca", "col_lca"]
    assert engine_model().observe(rested.states, rested.parameters, names) == pytest.approx(0.0, abs=1e-9)
    run = course(rested, [], [0.0, 365.0], ["biomass"])
    assert run.values == pytest.approx(0.0, abs=1e-12)
