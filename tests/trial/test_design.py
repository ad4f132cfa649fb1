"""A design file: every fault is answered, and what is built in gives what its source gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from hepaxis import therapy
from hepaxis.patient import Exposure
from hepaxis.population import draw_population
from hepaxis.problems import InputError
from hepaxis.trial import (
    ENDPOINT_COLUMNS,
    built_in_designs,
    design_choices,
    design_fields,
    design_template,
    eligible,
    feature_table,
    features,
    load_design,
    outcomes,
    parse_design,
    published_arm,
    who_of,
)

SMALL = {
    "name": "small",
    "statement": "what is asked",
    "n": 100,
    "arms": [
        {"id": "a", "regimen": "durvalumab"},
        {"id": "b", "regimen": "durvalumab", "components": [{"id": "fmt_capsules_healthy"}]},
    ],
    "endpoints": {"primary": ["response"]},
}


def design(**changes):
    return parse_design(yaml.safe_dump({**SMALL, **changes}, sort_keys=False))


def with_component(**options):
    arm = {"id": "b", "regimen": "durvalumab", "components": [{"id": "fmt_capsules_healthy"} | options]}
    return design(arms=[SMALL["arms"][0], arm])


def refused(**changes) -> InputError:
    with pytest.raises(InputError) as caught:
        design(**changes)
    return caught.value


# -- what is built in


def test_every_built_in_design_loads_and_says_what_it_cannot_tell():
    scans = {"fmt_timing", "fmt_lead_in", "fmt_donor", "fmt_rescue"}
    assert set(built_in_designs()) == {"flora", "imbrave150", "himalaya", *scans}
    for name in built_in_designs():
        made = load_design(name)
        assert len(made.statement) > 60
        assert set(made.endpoints.names) <= set(outcomes())
        assert made.text.startswith("#")
        for arm in made.arms:
            rows = arm.protocol(made.horizon_days, therapy.Lanes(2))
            assert (rows["time"] < made.horizon_days).all()
            arm.parameters()


def times(rows: pd.DataFrame, lever: str) -> list[float]:
    return sorted(set(rows.loc[rows["lever"].str.startswith(lever), "time"]))


def test_flora_is_given_as_registered():
    """NCT05690048: vancomycin 4 x 250 mg from day -3, A/B every 21 days, 50 g of stool on days 0 and 21, 2:1."""
    made = load_design("flora")
    assert made.sizes() == {"control": 16, "fmt": 32}
    assert made.endpoints.primary[0] == "cd8_biopsy"
    assert 40 <= made.endpoints.biopsy_day <= 42
    assert made.conduct.days(200)[0] == 4 * 21
    fmt, control = (made.arm(id).protocol(100) for id in ("fmt", "control"))
    vancomycin = fmt[fmt["lever"] == "antibiotic.luminal.gut"]
    assert vancomycin[["time", "amount"]].to_numpy().tolist() == [[-3, 1000], [-2, 1000], [-1, 1000]]
    assert [int(day) for day in times(fmt, "donor.")] == [0, 21]
    donors = therapy.donor_shares("healthy_donor")
    given = fmt[(fmt["lever"] == "donor.but") & (fmt["time"] < 1)]
    assert given["amount"].tolist() == [pytest.approx(0.03 * donors["but"])]
    for rows in (fmt, control):
        assert times(rows, "antibody.pd1") == times(rows, "antibody.vegf") == [0, 21, 42, 63, 84]
        assert set(rows.loc[rows["lever"] == "antibody.pd1", "amount"]) == {1200}
    assert not times(control, "donor.")
    assert not times(control, "antibiotic.")


def test_imbrave150_is_given_as_published():
    made = load_design("imbrave150")
    assert made.control == "sorafenib"
    assert made.sizes() == {"sorafenib": 167, "atezolizumab_bevacizumab": 334}
    rows = made.arm("atezolizumab_bevacizumab").protocol(60, therapy.Lanes(1, weight_kg=np.array([80.0])))
    assert rows.loc[rows["lever"] == "antibody.vegf", "amount"].tolist() == [15 * 80] * 3
    assert made.conduct.days(54 * 7)[:2].tolist() == [42, 84]
    assert made.arm("sorafenib").dropout == "tki"


def test_himalaya_is_given_as_published():
    made = load_design("himalaya")
    assert sum(made.sizes().values()) == 1171
    rows = made.arm("stride").protocol(100)
    tremelimumab = rows[rows["lever"] == "antibody.ctla4"]
    assert tremelimumab[["time", "amount"]].to_numpy().tolist() == [[0, 300]]
    assert rows.loc[rows["lever"] == "antibody.pd1", "amount"].tolist() == [1500] * 4
    assert times(rows, "antibody.pd1") == [0, 28, 56, 84]
    assert made.conduct.not_evaluable == "progression"


def test_timing_scan_differs_by_the_day_alone():
    made = load_design("fmt_timing")
    starts = [times(arm.protocol(730), "donor.")[:1] for arm in made.arms]
    assert starts == [[], [-28], [-14], [-7], [0], [21], [63]]
    shifted = made.arm("day_21").protocol(730)
    base = made.arm("day_0").protocol(730)
    stool = [rows[rows["lever"].str.startswith("donor.")] for rows in (shifted, base)]
    assert stool[0]["amount"].tolist() == stool[1]["amount"].tolist()


def test_lead_in_scan_gives_the_courses_it_names():
    made = load_design("fmt_lead_in")
    given = {}
    for arm in made.arms:
        rows = arm.protocol(365)
        course = rows[rows["lever"] == "antibiotic.luminal.gut"]
        given[arm.id] = (course["time"].min(), course["time"].max(), course["amount"].sum())
    assert given["vancomycin_7"] == (-7, -1, 7000)
    assert given["vancomycin_7_gap"] == (-10, -4, 7000)
    assert given["vancomycin_14"] == (-14, -1, 14000)
    assert given["vancomycin_alone"] == (-3, -1, 3000)
    assert given["neomycin_3"] == (-3, -1, 12000)


def test_rescue_waits_for_each_patients_progression():
    made = load_design("fmt_rescue")
    lanes = therapy.Lanes(2, progression=np.array([100.0, np.nan]))
    rows = made.arm("rescue_lead_in").protocol(730, lanes)
    stool = rows[rows["lever"].str.startswith("donor.")]
    assert set(stool["patient"]) == {0.0}
    assert times(stool, "donor.") == [114, 204, 294]
    assert times(rows, "antibiotic.luminal.gut") == [111, 112, 113]
    assert [arm.rescue for arm in made.arms] == [False, False, True, True]
    assert made.conduct.beyond_progression == 1


# -- options change the rows


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({}, [0, 21]),
        ({"first_day": -14, "repeats": 3, "interval": 14}, [-14, 0, 14]),
        ({"first_day": 7}, [7, 28]),
        ({"repeats": 1}, [0]),
    ],
)
def test_options_of_a_component_change_the_rows(options, days):
    assert times(with_component(**options).arm("b").protocol(365), "donor.") == days


def test_donor_and_lead_in_change_the_rows():
    lead = {"antibiotic": "vancomycin_oral", "mg": 500, "days": 2}
    rows = with_component(donor="responder_donor", lead_in=lead).arm("b").protocol(365)
    assert times(rows, "antibiotic.luminal.gut") == [-2, -1]
    shares = therapy.donor_shares("responder_donor")
    assert rows.loc[rows["lever"] == "donor.akk", "amount"].tolist() == [pytest.approx(0.03 * shares["akk"])] * 2
    assert times(with_component(lead_in="none").arm("b").protocol(365), "antibiotic.") == []


def test_the_start_of_an_arm_moves_all_of_it():
    moved = design(arms=[{"id": "b", "start": 28, "regimen": "durvalumab", "components": ["fmt_capsules_healthy"]}])
    rows = moved.arms[0].protocol(100)
    assert times(rows, "donor.") == [28, 49]
    assert times(rows, "antibody.pd1") == [28, 56, 84]


@pytest.mark.parametrize("id", design_choices("component"))
def test_every_microbiota_arm_and_local_treatment_can_be_put_in_a_trial(id):
    """Transplants, live products, synbiotic, UDCA, engineered strains, local treatment; stewardship has no rows."""
    arm = design(arms=[{"id": "a", "regimen": "atezolizumab_bevacizumab", "components": [id]}]).arms[0]
    rows = arm.protocol(200, therapy.Lanes(2, weight_kg=np.array([60.0, 80.0])))
    given = set(rows["component"]) - {"atezolizumab_bevacizumab"}
    assert given == (set() if id.startswith("stop_") else {id})


def test_stopping_a_drug_acts_on_who_takes_it():
    arm = design(arms=[{"id": "a", "regimen": "durvalumab", "components": ["stop_ppi"]}]).arms[0]
    inhibitor = Exposure(kind="ppi", drug="pantoprazole", start_day=-300, ongoing=True)
    rows = arm.protocol(100, therapy.Lanes(2, exposures=((inhibitor,), ())))
    ppi = rows[rows["lever"] == "ppi"]
    assert ppi[["time", "amount", "patient"]].to_numpy().tolist() == [[-300, 1, 0], [0, 0, 0]]


def test_two_microbiota_arms_in_order_with_a_local_partner():
    parts = [
        {"id": "narrow_depletion_opportunists", "first_day": -21, "duration": 14},
        {"id": "fmt_capsules_healthy", "first_day": -7},
        {"id": "c_butyricum", "first_day": 28, "duration": 84},
        {"id": "tace", "first_day": 14, "repeats": 1},
    ]
    arm = design(arms=[{"id": "a", "regimen": "durvalumab", "components": parts}]).arms[0]
    rows = arm.protocol(200)
    days = {one: times(rows[rows["component"] == one], "") for one in rows["component"].unique()}
    assert days["narrow_depletion_opportunists"] == [-21, -7]
    assert days["fmt_capsules_healthy"] == [-7, 14]
    assert (days["c_butyricum"][0], days["c_butyricum"][-1], len(days["c_butyricum"])) == (28, 109, 28)
    assert min(days["tace"]) == 14


# -- who takes part


def test_allocation_by_largest_remainder():
    arms = [{"id": name, "regimen": "durvalumab", "share": share} for name, share in (("a", 1), ("b", 2), ("c", 4))]
    assert design(n=100, arms=arms).sizes() == {"a": 14, "b": 29, "c": 57}
    paired = design(mode="paired", arms=[{"id": name, "regimen": "durvalumab"} for name in "ab"])
    assert paired.sizes() == {"a": 100, "b": 100}


def test_selection_takes_quantiles_from_the_whole_population():
    people = draw_population("trial_default", 200, 5)
    who = {"child_pugh": ["5"], "eligibility": ["afp >= 100"], "biomarker": ["butyrate producers below the median"]}
    made = design(population=who)
    taken, table = eligible(made, people), feature_table(people)
    assert 0 < taken.sum() < 100
    assert (table.loc[taken, "child_pugh"] == 5).all()
    assert (table.loc[taken, "afp"] >= 100).all()
    assert table.loc[taken, "butyrate_producers"].max() < table["butyrate_producers"].median()


def test_strata_number_the_patients():
    people = feature_table(draw_population("trial_default", 100, 5))
    made = design(population={"strata": ["mvi", "afp >= 400"]})
    numbers = made.population.stratum(people)
    assert set(numbers) == {0, 1, 2, 3}
    assert people[numbers == 3][["mvi"]].eq(1).all().all()
    assert design().population.stratum(people).tolist() == [0] * 100
    assert design(population={"strata": ["mvi"]}).analysis.strata == ("mvi",)


def test_who_took_part_in_a_published_arm():
    people = feature_table(draw_population("trial_default", 200, 5))
    asian = who_of(published_arm("keynote_394_placebo_asia"))
    taken = asian.eligible(people)
    assert set(people.loc[taken, "region"]) == {"asia"}
    assert set(people.loc[taken, "child_pugh"]) <= {5.0, 6.0}
    assert asian.second_line == 1
    assert who_of(published_arm("checkmate_040_nivolumab_child_pugh_b")).child_pugh == (7, 8)
    assert who_of(published_arm("sharp_placebo")).year == pytest.approx(2005.7, abs=0.1)


def test_what_is_left_out_has_the_printed_default():
    made = design()
    assert (made.mode, made.horizon_days, made.gates, made.seed) == ("parallel", 730, "drawn", 1)
    assert made.control == "a"
    assert made.population.name == "trial_default"
    assert made.population.child_pugh == (5, 6)
    assert (made.conduct.interval_weeks, made.conduct.confirmed, made.conduct.beyond_progression) == (8, True, 0.3)
    assert made.conduct.days(730)[-1] == 728
    assert made.cap_days == np.inf
    assert set(made.analysis.features) <= set(features())
    follow = made.follow_up(made.arms[0])
    assert (follow.leaving, follow.year, follow.drugs, follow.second_line) == ("immune", 2025, ("durvalumab",), 0)


def test_a_published_conduct_is_taken_and_changed():
    taken = design(scans={"like": "HIMALAYA"}).conduct
    assert (taken.interval_weeks, taken.switch_weeks, taken.later_weeks) == (8, 52, 12)
    assert taken.not_evaluable == "progression"
    changed = design(scans={"like": "HIMALAYA", "confirmed": False}, treatment={"beyond_progression": 0}).conduct
    assert (changed.confirmed, changed.beyond_progression, changed.later_weeks) == (False, 0, 12)
    own = design(scans={"like": "HIMALAYA", "interval_weeks": 6}).conduct
    assert own.days(365)[-1] == 336


# -- faults

FMT = "fmt_capsules_healthy"
ARM = {"id": "a", "regimen": "durvalumab"}


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"nam": "x"}, "trial.unknown_field", "did you mean name"),
        ({"name": None}, "trial.missing", "no 'name'"),
        ({"n": 0}, "trial.value", "whole number from 1"),
        ({"n": 1}, "trial.n", "1 patients on 2 arms"),
        ({"mode": "crossover"}, "trial.value", "one of parallel, paired"),
        ({"gates": "none"}, "trial.value", "one of drawn, mean, off"),
        ({"horizon_days": 5000}, "trial.horizon", "at most 3650"),
        ({"seed": -1}, "trial.value", "whole number, 0 or more"),
        ({"arms": []}, "trial.value", "give at least one"),
        ({"arms": "a"}, "trial.value", "not a list"),
        ({"arms": [{"id": "a"}]}, "trial.missing", "no 'regimen'"),
        ({"arms": [ARM, dict(ARM)]}, "trial.arm_twice", "2 arms are called 'a'"),
        ({"arms": [ARM | {"regimen": "durvalumap"}]}, "trial.value", "durvalumab"),
        ({"arms": [ARM | {"dropout": "often"}]}, "trial.value", "immune"),
        ({"arms": [ARM | {"start": 900}]}, "trial.days", "not before the end"),
        ({"control": "c"}, "trial.control", "no arm 'c'"),
        ({"mode": "paired", "arms": [ARM | {"share": 2}]}, "trial.share", "everybody is on every arm"),
        ({"arms": [ARM | {"components": ["bevacizumab"]}]}, "trial.value", "'bevacizumab'"),
        ({"arms": [ARM | {"components": ["nivolumab"]}]}, "trial.value", "'nivolumab'"),
        ({"arms": [ARM | {"components": [{"id": FMT, "donor": "me"}]}]}, "trial.value", "'me'"),
        ({"arms": [ARM | {"components": [{"id": FMT, "first_day": "soon"}]}]}, "trial.value", "give a day"),
        ({"arms": [ARM | {"components": [{"id": FMT, "first_day": 800}]}]}, "trial.days", "not before the end"),
        (
            {"arms": [ARM | {"components": [{"id": "udca", "repeats": 2, "interval": 30}]}]},
            "trial.component",
            "give duration",
        ),
        ({"arms": [ARM | {"components": [{"id": FMT, "at": "relapse"}]}]}, "trial.value", "start, progression"),
        ({"arms": [ARM | {"components": [{"id": FMT, "lead_in": "vancomycin"}]}]}, "trial.value", "vancomycin_oral"),
        (
            {"arms": [ARM | {"components": [{"id": FMT, "lead_in": {"days": 3}}]}]},
            "trial.missing",
            "no 'antibiotic'",
        ),
        (
            {"arms": [ARM | {"components": [{"id": "fmt_vancomycin_leadin", "at": "progression"}]}]},
            "trial.component",
            "first_day of at least 3.5",
        ),
        ({"population": "everybody"}, "trial.value", "not a list of fields"),
        ({"population": {"name": "asia"}}, "trial.value", "'asia'"),
        ({"population": {"child_pugh": ["C"]}}, "trial.value", "'C'"),
        ({"population": {"eligibility": ["afp is high"]}}, "trial.condition", "not a condition"),
        ({"population": {"biomarker": ["butirate below the median"]}}, "trial.unknown_feature", "butyrate_producers"),
        ({"population": {"strata": ["afp"]}}, "trial.stratum", "give the bound"),
        ({"population": {"second_line": 2}}, "trial.value", "a share, 0 to 1"),
        ({"scans": {"like": "IMBRAVE"}}, "trial.value", "IMbrave150"),
        ({"scans": {"switch_weeks": 52}}, "trial.scans", "belong together"),
        ({"scans": {"confirmed": "maybe"}}, "trial.value", "yes or no"),
        ({"treatment": {"beyond_progression": -0.1}}, "trial.value", "a share"),
        ({"endpoints": {"primary": ["survival"]}}, "trial.value", "'survival'"),
        ({"endpoints": {"secondary": ["os"]}}, "trial.missing", "no 'primary'"),
        ({"endpoints": {"primary": ["cd8_biopsy"]}}, "trial.biopsy", "without a day"),
        ({"endpoints": {"primary": ["cd8_biopsy"], "biopsy_day": 900}}, "trial.biopsy", "outside the trial"),
        ({"endpoints": {"primary": ["os"], "secondary": ["os"]}}, "trial.endpoints", "primary too"),
        ({"analysis": {"features": ["butyrate"]}}, "trial.value", "butyrate_producers"),
        ({"analysis": {"strata": ["afp >"]}}, "trial.condition", "not a condition"),
    ],
)
def test_each_fault_is_answered(changes, code, said):
    fault = refused(**changes)
    found = [problem for problem in fault.problems if problem.code == code]
    assert found, str(fault)
    assert said in f"{found[0].found}. {found[0].hint}"
    assert all(problem.row is not None and problem.file == "design.yaml" for problem in fault.problems)


def test_two_drugs_in_one_slot_stay_refused():
    """One regimen an arm, and no regimen of drugs beside it; what shares a slot inside one is refused by therapy."""
    fault = refused(arms=[ARM | {"components": ["tislelizumab"]}])
    assert "'tislelizumab'" in str(fault)
    with pytest.raises(InputError, match=r"therapy\.slot_taken"):
        therapy.protocol(["nivolumab", "tislelizumab"], 100)


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    fault = refused(n=0, gates="none", population={"strata": ["afp"], "name": "asia"})
    assert len(fault.problems) == 4
    rows = [problem.row for problem in fault.problems]
    assert rows == sorted(rows)


def test_a_broken_file_is_told_as_one_of_a_trial(tmp_path):
    with pytest.raises(InputError, match=r"trial\.yaml_syntax"):
        parse_design("name: [")
    with pytest.raises(InputError, match=r"template trial"):
        parse_design("")
    with pytest.raises(InputError, match=r"trial\.shape"):
        parse_design("- a\n- b\n")
    with pytest.raises(InputError, match="flora"):
        load_design(tmp_path / "none.yaml")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    assert load_design(tmp_path / "mine.yaml").name == "small"


# -- the template and the tables


def test_the_template_is_a_design_and_names_every_field():
    made = parse_design(design_template())
    assert made.arm("fmt").components[0].repeats == 3
    for one in design_fields():
        assert one.name in design_template(), one.name


def test_the_template_still_reads_with_every_comment_removed():
    lines = []
    for line in design_template().splitlines():
        bare = line.lstrip()
        whole = bare.startswith("#") and not bare.startswith("# ")
        lines.append(line.replace("#", "", 1) if whole else line)
    root = yaml.safe_load("\n".join(line for line in lines if not line.startswith("scans: {like")))
    made = parse_design(yaml.safe_dump(root))
    assert [one.id for one in made.arm("fmt").components][-1] == "fmt_colonoscopy"
    assert made.population.strata
    assert made.cap_days == 730


def test_endpoints_name_columns_that_exist():
    for name, row in outcomes().items():
        assert not row["column"] or row["column"] in ENDPOINT_COLUMNS, name
        assert row["contrast"] in ("difference", "ratio", "hazard_ratio"), name


def test_every_field_says_what_it_means():
    for one in design_fields():
        assert one.meaning, one.name
