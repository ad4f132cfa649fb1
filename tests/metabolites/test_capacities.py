"""The face: one row a capacity, exact ids of the model inputs, three layers of doubt, wider where less is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hepaxis.metabolites import Capacities, capacities
from hepaxis.metabolites.community import GUILDS
from hepaxis.metabolites.facts import ACIDS, fact_table
from hepaxis.metabolites.residuals import draw_residual
from hepaxis.problems import InputError

Stool = Callable[[dict[str, float]], tuple[pd.Series, pd.DataFrame]]
CAPACITIES = [
    "acetate", "propionate", "butyrate", "dca_conversion", "udca_formation", "bsh", "indole", "ipa", "ila", "i3a",
    "tryptamine", "hexa_lps", "under_acylated_lps", "tlr4_agonism", "flagellin", "cyclic_dinucleotides",
    "nod2_muropeptide", "inosine",
]  # fmt: skip
RESIDUALS = ["butyrate", "propionate", "acetate", "dca", "udca", "indole", "ipa", "lps"]


def run(stool: Stool, shares: dict[str, float], **more: object) -> Capacities:
    options: dict = {"profiler": "metaphlan4", "n": 600, "seed": 1} | more
    return capacities(*stool(shares), **options)


def width(found: Capacities, name: str) -> float:
    return float(np.log(found.summary.loc[name, "hi90"] / found.summary.loc[name, "lo90"]))


def test_summary_has_one_row_a_capacity_with_ordered_quantiles(stool: Stool, healthy: dict[str, float]) -> None:
    found = run(stool, healthy)
    assert list(found.summary.index) == CAPACITIES == list(found.draws.columns)
    columns = ["lo90", "lo50", "median", "hi50", "hi90"]
    assert (np.diff(found.summary[columns].to_numpy(), axis=1) >= 0).all()
    assert (found.summary["ref_lo"] <= found.summary["ref_hi"]).all()
    assert set(found.summary["status"]) == {"predicted", "unknown"}
    assert found.summary["sources"].str.contains("10.", regex=False).all()
    assert np.isfinite(found.draws.to_numpy()).all()
    assert found.guilds.sum() == pytest.approx(1)


def test_inputs_carry_exactly_the_ids_of_the_model(stool: Stool, healthy: dict[str, float]) -> None:
    expected = [f"yield.{acid}.{guild}" for acid in ACIDS for guild in GUILDS]
    expected += ["carriage.bai", "carriage.udca", "carriage.indole", "carriage.ipa"]
    expected += [f"carriage.hexa_lps.{guild}" for guild in ("ent", "ora", "oth", "bac", "pre", "akk")]
    expected += [f"residual.{name}" for name in RESIDUALS]
    found = run(stool, healthy)
    assert sorted(found.inputs.columns) == sorted(expected)
    assert len(found.inputs) == len(found.draws) == 600
    assert np.isfinite(found.inputs.to_numpy()).all()
    assert (found.inputs >= 0).all(axis=None)


def test_ipa_does_not_vanish_with_its_named_carriers(stool: Stool) -> None:
    """Known carriers do not predict stool IPA, so their absence must not mean none."""
    without = run(stool, {"Bacteroides uniformis": 0.5, "Blautia obeum": 0.5}).inputs["carriage.ipa"]
    carriers = run(stool, {"Bacteroides uniformis": 0.5, "Clostridium sporogenes": 0.5}).inputs["carriage.ipa"]
    assert without.min() > 0.5
    assert carriers.median() > 1.5 * without.median()


def test_same_seed_same_result_bit_for_bit(stool: Stool, healthy: dict[str, float]) -> None:
    first, again, other = run(stool, healthy), run(stool, healthy), run(stool, healthy, seed=2)
    pd.testing.assert_frame_equal(first.inputs, again.inputs, check_exact=True)
    pd.testing.assert_frame_equal(first.draws, again.draws, check_exact=True)
    assert not first.inputs.equals(other.inputs)


def test_residuals_have_median_one_and_the_stated_spread() -> None:
    """The reference is closed with residuals at 1, so the median person must be there."""
    factor = draw_residual(0.95, 4000, np.random.default_rng(1))
    assert np.median(factor) == pytest.approx(1, abs=0.01)
    assert np.log(factor).std() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("trait", ["v", "u"])
def test_uncertain_traits_are_spread_not_a_half(trait: str) -> None:
    from hepaxis.metabolites.carriage import _rows
    from hepaxis.metabolites.community import traits

    table = traits()["indole_tnaa"].astype(str)
    row = table.index[table == trait][0]
    mean, weight = _rows("indole_tnaa").loc[row, ["mean", "concentration"]].astype(float)
    drawn = np.random.default_rng(0).beta(mean * weight, (1 - mean) * weight, 500)
    assert drawn.std() > 0.2


def test_trait_and_yield_layers_reach_the_inputs(stool: Stool, healthy: dict[str, float]) -> None:
    found = run(stool, healthy).inputs
    assert found["yield.butyrate.but"].std() / found["yield.butyrate.but"].mean() > 0.1
    assert found["carriage.udca"].std() > 0.05


def test_a_genus_only_profile_is_wider_and_says_so(stool: Stool, healthy: dict[str, float]) -> None:
    genera: dict[str, float] = {}
    for name, share in healthy.items():
        genera[name.split()[0]] = genera.get(name.split()[0], 0) + share
    by_species, by_genus = run(stool, healthy), run(stool, genera)

    def spread(found: Capacities, name: str) -> float:
        return float(np.log(found.inputs[name]).std())

    for name in ("yield.butyrate.but", "yield.acetate.bac", "yield.lactate.bif"):
        assert spread(by_genus, name) > 1.2 * spread(by_species, name), name
    assert "metabolites.genus_profile" in [p.code for p in by_genus.problems]
    assert by_genus.coverage["genus"] > 0.9


def test_little_known_widens_and_says_so(stool: Stool, healthy: dict[str, float]) -> None:
    half_dark = healthy | {f"Unheardof{i} novum": 0.02 for i in range(75)}
    known, dark = run(stool, healthy), run(stool, half_dark)
    assert width(dark, "butyrate") > width(known, "butyrate") + 0.2
    assert {"metabolites.low_coverage", "metabolites.high_other"} <= {p.code for p in dark.problems}
    assert not known.problems


def test_what_cannot_be_predicted_is_as_wide_as_people_are(stool: Stool, healthy: dict[str, float]) -> None:
    """IPA in plasma spans 24-fold; propionate is no better known than butyrate (rank correlation 0.13)."""
    found = run(stool, healthy, n=2000)
    assert found.summary.loc["ipa", "status"] == "unknown"
    assert width(found, "ipa") >= np.log(24)
    assert found.summary.loc["ipa", "relative"] == pytest.approx(1, abs=0.05)
    assert "close to unpredictable" in found.summary.loc["propionate", "note"]
    reference = np.log(found.summary["ref_hi"] / found.summary["ref_lo"])
    assert width(found, "propionate") > 2.4
    assert width(found, "propionate") == pytest.approx(reference["propionate"], rel=0.15)


def test_notes_cite_the_published_accuracy(stool: Stool, healthy: dict[str, float]) -> None:
    note = run(stool, healthy).summary.loc["butyrate", "note"]
    assert "+0.40 with stool butyrate (n = 440)" in note
    assert "+0.29 (n = 96)" in note


def test_two_guts_differ_as_they_should(stool: Stool, healthy: dict[str, float]) -> None:
    dysbiotic = healthy | {"Escherichia coli": 0.4, "Streptococcus salivarius": 0.2}
    for name in ("Faecalibacterium prausnitzii", "Agathobacter rectalis", "Oscillibacter", "Clostridium scindens"):
        dysbiotic.pop(name)
    good, bad = run(stool, healthy).summary["median"], run(stool, dysbiotic).summary["median"]
    assert bad["butyrate"] < 0.6 * good["butyrate"]
    assert bad["dca_conversion"] < 0.5 < good["dca_conversion"]
    assert bad["hexa_lps"] > 1.5 * good["hexa_lps"]


def test_an_old_database_that_misses_the_bai_clade_is_said(stool: Stool, healthy: dict[str, float]) -> None:
    old, new = run(stool, healthy, profiler="metaphlan2"), run(stool, healthy)
    assert "metabolites.blind_bai" in [p.code for p in old.problems]
    assert np.log(old.inputs["residual.dca"]).std() > 2 * np.log(new.inputs["residual.dca"]).std()


def test_faults_of_the_profile_are_all_named(stool: Stool, healthy: dict[str, float]) -> None:
    abundance, lineages = stool(healthy)
    abundance["Escherichia coli"] = -0.1
    with pytest.raises(InputError) as caught:
        capacities(abundance, lineages.drop(index="Dialister invisus"), profiler="metaphlan4", n=10, seed=1)
    assert sorted(p.code for p in caught.value.problems) == ["metabolites.lineage", "metabolites.share"]
    with pytest.raises(InputError, match="no taxon is above zero"):
        capacities(abundance * 0, lineages, profiler="metaphlan4", n=10, seed=1)


@pytest.mark.parametrize("name", ["yields", "parameters", "uncertainty", "crossfeeding", "affinity", "measurable"])
def test_every_number_names_its_source(name: str) -> None:
    table = fact_table(name)
    assert table["source"].notna().all()
    assert not table["source"].str.contains("/work|shared", regex=True).any()
