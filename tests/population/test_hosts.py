"""Each field of the sheet that is read moves its input; what is missing stays at its prior and is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hepaxis import axis
from hepaxis.patient.burden import sphere_ml
from hepaxis.population import draw_hosts, unknown_inputs
from hepaxis.population.assumptions import assumed, liver_states
from hepaxis.population.diets import diets
from hepaxis.population.hosts import LN2, MIN_DOUBLING_DAYS
from hepaxis.population.sampling import arguments, quantile
from hepaxis.therapy import REFERENCE_WEIGHT

N, SEED = 400, 5
CHILD_A = {"albumin": 40.0, "bilirubin": 12.0, "inr": 1.0, "ascites": "none", "encephalopathy": "none"}
CHILD_B = {"albumin": 30.0, "bilirubin": 40.0, "inr": 1.5, "ascites": "none", "encephalopathy": "none"}


@pytest.fixture(scope="module")
def anyone():
    return draw_hosts(None, N, SEED)


def hosts_without_lesions(hosts):
    """With a column for lesions that says nothing."""
    kept = hosts.inputs[[name for name in hosts.inputs if not name.startswith("lesion.")]]
    return replace(hosts, inputs=kept.assign(**{"lesion.none": 0.0}))


def changed(hosts, anyone) -> set[str]:
    """Inputs that a sheet moved; a sheet with one lesion takes all that sets lesions apart away (``lesion``)."""
    if not any(name.startswith("lesion.") for name in hosts.inputs):
        return {"lesion"} | changed(hosts_without_lesions(hosts), hosts_without_lesions(anyone))
    names = set(hosts.inputs.columns) | set(anyone.inputs.columns)
    return {n for n in names if n not in anyone.inputs or not np.array_equal(hosts.inputs[n], anyone.inputs[n])}


def test_prior_draws_match_the_quantiles_of_the_heterogeneity_table(anyone):
    table = axis.build().heterogeneity
    mixed = set(table.loc[table["distribution"].isin(["mixture", "bernoulli"]), "input"])
    checked = 0
    for row in table.itertuples():
        if not row.input.startswith(("host.", "tumour.")) or row.input in mixed:
            continue
        values = anyone.inputs[row.input].to_numpy()
        if row.input == "tumour.growth":
            values = LN2 / values  # the table holds doubling times
        u = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
        expected = quantile(row.distribution, arguments(row.args), u)
        below = (values[:, None] <= expected).mean(axis=0)
        assert below == pytest.approx(u, abs=1.5 / N), row.input  # a hypercube misses by one stratum at the most
        checked += 1
    assert checked >= 12


def test_cold_tumours_are_a_share_of_the_infiltration_draws(anyone):
    table = axis.build().heterogeneity.query("input == 'host.infiltration'").set_index("distribution")
    bulk, cold = (arguments(table.at[name, "args"]) for name in ("lognormal", "mixture"))
    # of the draws of the bulk alone, only the lowest 1e-3 would lie three orders down
    limit = bulk["median"] * np.exp(-2.6 * bulk["sd_log"])
    share = (anyone.inputs["host.infiltration"] < limit).mean()
    upper = np.mean(np.log(cold["factor"]) + bulk["sd_log"] * np.random.default_rng(0).standard_normal(200_000)
                    < -2.6 * bulk["sd_log"])  # fmt: skip
    assert share == pytest.approx(cold["probability"] * upper, abs=0.04)


def test_same_seed_same_hosts_bit_for_bit(anyone):
    again, other = draw_hosts(None, N, SEED), draw_hosts(None, N, SEED + 1)
    assert again.inputs.to_numpy().tobytes() == anyone.inputs.to_numpy().tobytes()
    assert again.inputs.to_numpy().tobytes() != other.inputs.to_numpy().tobytes()


def test_an_empty_sheet_leaves_every_input_at_its_prior_and_says_so(sheet, anyone):
    hosts = draw_hosts(sheet(), N, SEED)
    assert changed(hosts, anyone) == set()
    assert hosts.known == {}
    said = " ".join(hosts.notes)
    assert all(word in said for word in ("Child-Pugh", "aetiology is not known", "no two scans"))
    assert set(anyone.inputs.columns) <= set(unknown_inputs(hosts))


def test_albi_sets_liver_function_with_its_error(sheet, anyone):
    better, worse = (
        draw_hosts(sheet(liver={"albumin": a, "bilirubin": b}), N, SEED) for a, b in ((44.0, 8.0), (28.0, 50.0))
    )
    assert changed(better, anyone) == {"host.liver_function"}
    assert better.known["host.liver_function"] == "ALBI"
    assert "host.liver_function" not in unknown_inputs(better)
    # hand: ALBI = 0.66 log10(bilirubin) - 0.085 albumin
    for hosts, albumin, bilirubin in ((better, 44.0, 8.0), (worse, 28.0, 50.0)):
        albi = 0.66 * np.log10(bilirubin) - 0.085 * albumin
        expected = 1 - assumed("liver_per_albi") * (albi - assumed("albi_reference"))
        values = hosts.inputs["host.liver_function"]
        assert values.median() == pytest.approx(expected, abs=0.01)
        assert values.std() == pytest.approx(assumed("liver_per_albi") * assumed("albi_sd"), rel=0.05)


def test_albumin_alone_is_not_albi(sheet, anyone):
    assert changed(draw_hosts(sheet(liver={"albumin": 30.0}), N, SEED), anyone) == set()


@pytest.mark.parametrize(
    ("sections", "state"),
    [
        ({"aetiology": {"cirrhosis": False}}, "no_cirrhosis"),
        ({"liver": CHILD_A, "aetiology": {"cirrhosis": True}}, "child_pugh_a"),
        ({"liver": CHILD_B, "aetiology": {"cirrhosis": True}}, "child_pugh_b"),
    ],
)
def test_child_pugh_sets_shunt_extraction_and_barrier(sheet, anyone, sections, state):
    hosts = draw_hosts(sheet(**sections), N, SEED)
    expected = {"host.shunt", "host.ba_extraction", "host.barrier", "host.ba_synthesis", "host.fibrosis"}
    assert expected <= changed(hosts, anyone)
    assert changed(hosts, anyone) - expected <= {"host.liver_function"}
    for name, (mean, sd) in liver_states()[state].items():
        assert (hosts.inputs[name].mean(), hosts.inputs[name].std()) == pytest.approx((mean, sd), rel=0.06)
        assert hosts.known[name] == state.replace("_", " ")
        ranks = [np.argsort(np.argsort(h.inputs[name])) for h in (hosts, anyone)]
        assert (ranks[0] == ranks[1]).all(), "a host keeps its rank: the same people under another sheet"


def lesion(*scans: tuple[float, float], diameter: float = 50.0) -> dict:
    listed = [{"day": day, "diameter": size} for day, size in scans]
    return {"id": "L1", "organ": "liver", "target": True, "diameter": diameter, "scans": listed}


def test_two_scans_set_the_pace_with_its_error(sheet, anyone):
    still, fast = (
        draw_hosts(sheet(tumour={"lesions": [lesion((-90.0, first), (0.0, 50.0))]}), N, SEED) for first in (50.0, 40.0)
    )
    assert changed(fast, anyone) == {"tumour.growth", "tumour.volume", "lesion"}
    assert "scans on days -90 and 0" in fast.known["tumour.growth"]
    assert not any("no two scans" in note for note in fast.notes)
    # hand: volume grows with the cube of the diameter
    assert fast.inputs["tumour.growth"].median() == pytest.approx(3 * np.log(50 / 40) / 90, rel=0.02)
    assert still.inputs["tumour.growth"].median() == pytest.approx(0.0, abs=1e-4)
    # 7% error a diameter, two scans: sd of the rate 3 sqrt(2) 0.07 / 90 at the least
    assert still.inputs["tumour.growth"].std() > 0.5 * 3 * np.sqrt(2) * 0.07 / 90
    assert (fast.inputs["tumour.growth"].abs() <= LN2 / MIN_DOUBLING_DAYS).all()


def test_one_scan_leaves_the_pace_at_its_prior(sheet, anyone):
    hosts = draw_hosts(sheet(tumour={"lesions": [lesion((0.0, 50.0))]}), N, SEED)
    assert "tumour.growth" not in changed(hosts, anyone)
    assert any("no two scans" in note for note in hosts.notes)


def test_diameters_set_volume_and_the_sum(sheet):
    two = [lesion(diameter=50.0), lesion(diameter=30.0) | {"id": "L2"}]
    hosts = draw_hosts(sheet(tumour={"lesions": two}), N, SEED)
    assert (hosts.diameter_sum == 80.0).all()
    volume = hosts.inputs["tumour.volume"]
    assert volume.median() == pytest.approx(np.pi / 6 * (5.0**3 + 3.0**3), rel=0.01)  # mL, two spheres
    assert np.log(volume).std() == pytest.approx(assumed("volume_sd_log"), rel=0.05)


def test_without_diameters_the_sum_is_that_of_the_spheres_drawn(anyone):
    share = anyone.inputs[[f"lesion.share.{k}" for k in range(1, 6)]].to_numpy()
    volumes = anyone.inputs["tumour.volume"].to_numpy()[:, None] * share
    sums = 10 * np.cbrt(volumes / sphere_ml(10.0)).sum(axis=1)
    assert anyone.diameter_sum == pytest.approx(sums)
    one = draw_hosts(None, N, SEED, one_lesion=True)
    assert [sphere_ml(d) for d in one.diameter_sum] == pytest.approx(one.inputs["tumour.volume"].to_list())


def test_weight_diet_and_cholestasis(sheet, anyone):
    heavy = draw_hosts(sheet(demographics={"weight": 100.0}), N, SEED)
    assert changed(heavy, anyone) == {"host.weight"}
    assert (heavy.inputs["host.weight"] == 100.0 / REFERENCE_WEIGHT).all()
    western = draw_hosts(sheet(gut={"diet": "western"}), N, SEED)
    assert changed(western, anyone) == {"diet.carbohydrate", "diet.fat", "diet.cholesterol"}
    for name, value in diets()["western"].items():
        assert (western.inputs[name] == value).all()
        assert western.known[name] == "western diet"
    assert changed(draw_hosts(sheet(gut={"diet": "habitual"}), N, SEED), anyone) == set()
    yellow = draw_hosts(sheet(liver={"cholestasis": True}), N, SEED)
    assert changed(yellow, anyone) == {"host.cholestasis"}
    assert changed(draw_hosts(sheet(liver={"cholestasis": False}), N, SEED), anyone) == set()


@pytest.mark.parametrize(
    ("causes", "steatotic"),
    [(["masld"], 1.0), (["alcohol"], 1.0), (["hbv"], 0.0), (["hcv", "masld"], 0.0)],
)
def test_aetiology_decides_steatohepatitis(sheet, causes, steatotic):
    hosts = draw_hosts(sheet(aetiology={"causes": causes}), N, SEED)
    assert (hosts.inputs["host.steatohepatitis"] == steatotic).all()
    assert hosts.known["host.steatohepatitis"] == "aetiology"


def test_pdl1_and_tmb_are_recorded_but_move_nothing(sheet, anyone):
    hosts = draw_hosts(sheet(biomarkers={"pdl1": 60.0, "tmb": 20.0}), N, SEED)
    assert changed(hosts, anyone) == set()


def test_target_lesions_share_the_volume_as_their_spheres_do(sheet, anyone):
    lesions = [{"organ": "liver", "target": True, "diameter": d} for d in (20.0, 40.0)]
    hosts = draw_hosts(sheet(tumour={"lesions": lesions}), N, SEED)
    shares = hosts.inputs[[f"lesion.share.{k}" for k in range(1, 6)]].to_numpy()
    assert shares == pytest.approx(np.tile([8 / 9, 1 / 9, 0, 0, 0], (N, 1)))
    assert hosts.diameter_sum == pytest.approx(60.0)
    one = draw_hosts(sheet(tumour={"lesions": lesions[:1]}), N, SEED)
    assert not any(name.startswith("lesion.") for name in one.inputs)


@pytest.mark.parametrize("mutated", [True, False])
def test_a_known_tp53_takes_the_place_of_its_prevalence(sheet, anyone, mutated):
    assert anyone.inputs["host.tp53"].mean() == pytest.approx(0.30, abs=2 / N)
    hosts = draw_hosts(sheet(biomarkers={"mutations": {"TP53": mutated}}), N, SEED)
    assert changed(hosts, anyone) == {"host.tp53"}
    assert (hosts.inputs["host.tp53"] == float(mutated)).all()
    assert hosts.known["host.tp53"] == "sheet"
