"""Virtual patients: the same however they are drawn, plausible, and true to what they carry into the model."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.patient.burden import sphere_ml
from hepaxis.population import draw_candidates, draw_population
from hepaxis.population.assumptions import assumed, liver_states
from hepaxis.population.baseline import population_names
from hepaxis.population.closure import engine_model, lesions
from hepaxis.population.communities import draw_communities, gut_conditions, with_conditions
from hepaxis.population.plausible import DAYS_A_YEAR, ONE_CELL_ML, growth_back, plausibility_rules
from hepaxis.population.target_lesions import target_diameters, target_volumes
from hepaxis.problems import InputError
from hepaxis.profile.guilds import GUILDS

N, SEED = 1500, 9


@pytest.fixture(scope="module")
def people():
    return draw_population("trial_default", N, SEED)


def same(one, other):
    assert one.patients.tolist() == other.patients.tolist()
    assert one.covariates.equals(other.covariates)
    assert one.inputs.to_numpy().tobytes() == other.inputs.to_numpy().tobytes()
    assert one.guts.inputs.to_numpy().tobytes() == other.guts.inputs.to_numpy().tobytes()
    for field in ("shares", "absent", "open"):
        assert getattr(one.guts, field).tobytes() == getattr(other.guts, field).tobytes()


@pytest.mark.parametrize("chunk", [1, 37, 4096])
def test_a_population_is_the_same_in_any_chunks(people, chunk):
    few = draw_population("trial_default", 60, SEED, chunk=chunk)
    same(few, people.take(np.arange(60)))
    assert few.candidates == few.patients[-1] + 1
    assert sum(few.rejected.values()) == few.candidates - 60


def test_a_range_of_candidates_is_a_piece_of_the_population(people):
    piece = draw_candidates(people.prior, 100, 300, SEED)
    inside = (people.patients >= 100) & (people.patients < 300)
    same(piece, people.take(inside))


def test_another_seed_gives_other_people(people):
    other = draw_population("trial_default", 60, SEED + 1)
    assert not np.isin(other.covariates["crp"], people.covariates["crp"]).any()


def test_who_is_left_out_is_counted_by_the_rule(people):
    assert set(people.rejected) <= {row["rule"] for row in plausibility_rules()}
    assert 0.01 < sum(people.rejected.values()) / people.candidates < 0.15
    everyone = draw_population("trial_default", 400, SEED, plausible=False)
    assert everyone.rejected == {}
    assert everyone.candidates == 400
    assert people.covariates["volume"].max() <= 3000 < everyone.covariates["volume"].max()
    assert people.covariates["tumour_age_share"].max() <= 1
    assert people.covariates["first_doubling"].min() >= 1


def test_growth_back_is_the_models_law():
    """Integrated forward from one cell, the tumour is back at its size at its rate."""
    volume, rate = np.array([50.0, 800.0]), np.array([0.004, 0.01])
    years, doubling = growth_back(volume, rate)
    values = engine_model().default_parameters

    def room(v):
        return 1.0 - (v / values["volume_max"]) ** values["ceiling_power"]

    steps = 20_000
    x = np.full(2, np.log(ONE_CELL_ML))
    slope = rate / room(volume)
    assert np.log(2) / (slope * room(ONE_CELL_ML)) == pytest.approx(doubling)
    for _ in range(steps):
        x = x + years * DAYS_A_YEAR / steps * slope * room(np.exp(x))
    assert np.exp(x) == pytest.approx(volume, rel=2e-3)
    assert np.isinf(growth_back(volume, np.array([0.0, -0.01]))[0]).all()


def test_a_prior_that_contradicts_the_bounds_is_refused():
    rows = pd.DataFrame([{"variable": "diameter_sum", "distribution": "lognormal", "args": "median=900 sd_log=0.01"}])
    with pytest.raises(InputError, match="larger than a liver holds"):
        draw_population(rows, 50, SEED, chunk=200)


def test_targets_share_the_sum_of_diameters_by_recist(people):
    frame = people.covariates
    targets = frame[[f"target_{k}" for k in range(1, 6)]].to_numpy()
    assert targets.sum(axis=1) == pytest.approx(frame["diameter_sum"].to_numpy())
    assert (np.diff(targets, axis=1) <= 1e-9).all()
    assert targets[targets > 0].min() >= 10 - 1e-9
    number = (targets > 0).sum(axis=1)
    assert (number <= frame["lesion_count"]).all()
    assert number[frame["ehs"] == 0].max() == 2
    assert number.max() <= 4
    assert frame["volume"].to_numpy() == pytest.approx(sphere_ml(1.0) * (targets**3).sum(axis=1))
    assert 45 < frame["largest"].median() < 75  # 53-55 mm in the real world, sum of diameters as in PHOCUS


def test_small_sums_still_make_targets_of_10_mm():
    scores = np.random.default_rng(1).standard_normal((200, 5)) * 3
    total = np.linspace(11, 60, 200)
    found = target_diameters(total, np.full(200, 8.0), np.ones(200), scores)
    assert found.sum(axis=1) == pytest.approx(total)
    assert found[found > 0].min() >= 10 - 1e-9
    assert target_volumes(found).shape == (200, 5)


def test_what_the_clinic_shows_is_what_the_model_starts_with(people):
    frame, inputs = people.covariates, people.inputs
    assert inputs["tumour.volume"].to_numpy() == pytest.approx(frame["volume"].to_numpy())
    shares = inputs[[f"lesion.share.{lesion}" for lesion in lesions()]].to_numpy()
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert (inputs["host.steatohepatitis"] == frame["steatohepatitis"]).all()
    loss = assumed("liver_per_albi") * (frame["albi"] - assumed("albi_reference"))
    assert inputs["host.liver_function"].to_numpy() == pytest.approx(np.clip(1 - loss, 0.3, 1.4).to_numpy())
    for state in ("no_cirrhosis", "child_pugh_a"):
        here = (frame["liver_class"] == state).to_numpy()
        for name, (mean, sd) in liver_states()[state].items():
            wide = 5 * sd / np.sqrt(here.sum())
            assert inputs[here][name].mean() == pytest.approx(mean, abs=wide + 0.12 * mean), (state, name)
    assert set(inputs.columns) <= set(axis.build().inputs.index)
    assert not inputs.isna().any().any()


def test_varices_go_with_the_shunt(people):
    cirrhosis = people.covariates["cirrhosis"] == 1
    with_varices = people.covariates["varices"] == 1
    mean = people.inputs["host.shunt"].groupby([cirrhosis, with_varices]).mean()
    assert mean[(True, True)] > mean[(True, False)] + 0.03


@pytest.mark.parametrize(
    ("mvi", "ehs", "ecog", "child_pugh", "stage"),
    [(1, 0, 0, 5, "C"), (0, 1, 0, 5, "C"), (0, 0, 1, 6, "C"), (0, 0, 0, 10, "D")],
)
def test_stage_follows_from_invasion_spread_and_performance(mvi, ehs, ecog, child_pugh, stage):
    args = {"mvi": mvi, "ehs": ehs}
    rows = [{"variable": name, "distribution": "bernoulli", "args": f"probability={v}"} for name, v in args.items()]
    levels = {"ecog": ecog, "child_pugh": child_pugh}
    rows += [{"variable": name, "distribution": "ordinal", "args": f"{v}=1"} for name, v in levels.items()]
    assert (draw_population(pd.DataFrame(rows), 50, SEED).covariates["bclc"] == stage).all()


def test_without_invasion_spread_or_symptoms_number_and_size_decide_the_stage(people):
    frame = people.covariates
    quiet = frame[(frame["mvi"] == 0) & (frame["ehs"] == 0) & (frame["ecog"] == 0)]
    assert (quiet[quiet["lesion_count"] == 1]["bclc"] == "A").all()
    assert (quiet[quiet["lesion_count"] > 3]["bclc"] == "B").all()


@pytest.mark.parametrize("population", population_names())
def test_every_named_population_can_be_drawn_and_says_what_it_is(population):
    few = draw_population(population, 40, SEED)
    said = few.statement()
    assert said["population"] == population
    assert said["model"] == axis.build().hash
    assert len(said["inclusion"]) == len(plausibility_rules())
    assert said["ess"] == 40 == said["patients"]
    assert few.sentence().startswith(f"population {population}, seed {SEED}: 40 patients")
    assert json.loads(json.dumps(said)) == said
    if population == "child_pugh_b":
        assert set(few.covariates["liver_class"]) == {"child_pugh_b"}


def shifted(people, **values):
    return with_conditions(np.zeros((4, len(GUILDS))), people.covariates.head(4).assign(**values))


def test_liver_and_drugs_move_the_guilds_their_sources_name(people):
    well = {"cirrhosis": 0.0, "albi": assumed("albi_of_cirrhosis"), "ppi": 0.0}
    base = shifted(people, **well)
    for condition, change in (("cirrhosis", {"cirrhosis": 1.0}), ("ppi", {"ppi": 1.0})):
        moved = shifted(people, **{**well, **change}) - base
        rows = {row["guild"]: float(row["size"]) for row in gut_conditions() if row["condition"] == condition}
        expected = [rows.get(guild, 0.0) for guild in GUILDS]
        assert moved[0] == pytest.approx(expected)
    sick = {**well, "cirrhosis": 1.0}
    worse = shifted(people, **{**sick, "albi": sick["albi"] + assumed("albi_spread")}) - shifted(people, **sick)
    assert worse[0, GUILDS.index("but")] == pytest.approx(-0.49)
    assert worse[0, GUILDS.index("ecs")] == pytest.approx(0.386)
    compensated = shifted(people, **{**sick, "albi": assumed("albi_reference")}) - base
    assert -0.2 < compensated[0, GUILDS.index("but")] < 0.2  # most of the loss is that of a failing liver
    healthy = shifted(people, **{**well, "albi": -1.0}) - base
    assert (healthy == 0).all()  # a poor score without cirrhosis is not what was measured


def test_an_inhibitor_that_the_reference_has_in_part_is_not_added_twice(people):
    frame = people.covariates.head(1).assign(cirrhosis=0.0)
    on, off = (with_conditions(np.zeros((1, 12)), frame.assign(ppi=taken)) for taken in (1.0, 0.0))
    mean = 0.3 * on + 0.7 * off
    assert mean == pytest.approx(np.zeros((1, 12)), abs=1e-12)


def test_communities_without_conditions_are_the_generators(people):
    plain = draw_communities(people.prior.reference, people.covariates, SEED, people.patients, conditions=False)
    expected = people.prior.reference.quantiles[50].reindex(list(GUILDS)).to_numpy(float)
    for guild in ("but", "bac", "oth"):
        place = GUILDS.index(guild)
        assert np.median(plain.shares[:, place]) == pytest.approx(expected[place], rel=0.12)
    assert plain.shares.sum(axis=1) == pytest.approx(1.0)
    assert people.guts.shares[:, GUILDS.index("ecs")].mean() > plain.shares[:, GUILDS.index("ecs")].mean()


def test_a_course_before_the_first_dose_opens_niches(people):
    frame = people.covariates
    empty = people.guts.shares <= 1e-6
    before = ((frame["antibiotic"] == 1) & (frame["antibiotic_start"] < 0)).to_numpy()
    opened = people.guts.open[before][empty[before]].mean()
    assert opened == pytest.approx(assumed("open_niche_after_antibiotic"), abs=0.1)
    assert people.guts.open[~before][empty[~before]].mean() == pytest.approx(assumed("open_niche"), abs=0.08)
    assert (people.guts.open[~empty] == 1).all()
