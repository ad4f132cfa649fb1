"""Protocol rows: what was prescribed is what is given, inside the horizon, and courses end."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis import therapy
from hepaxis.problems import InputError

REGIMENS = st.sampled_from(therapy.regimen_ids())
ARMS = st.lists(st.sampled_from(therapy.arm_ids()), max_size=3, unique=True)


def mass(rows: pd.DataFrame, lever: str) -> float:
    return float(rows.loc[rows["lever"] == lever, "amount"].sum())


def test_antibody_mass_is_what_was_prescribed():
    rows = therapy.protocol(["atezolizumab_bevacizumab"], 63, weight_kg=80)
    assert list(rows.loc[rows["lever"] == "antibody.pd1", "time"]) == [0, 21, 42]
    assert mass(rows, "antibody.pd1") == 3 * 1200
    assert mass(rows, "antibody.vegf") == pytest.approx(3 * 15 * 80)


def test_stride_gives_tremelimumab_once():
    rows = therapy.protocol(["durvalumab_tremelimumab"], 365)
    assert mass(rows, "antibody.ctla4") == 300
    assert mass(rows, "antibody.pd1") == 14 * 1500


def test_nivolumab_ipilimumab_changes_to_maintenance():
    rows = therapy.protocol(["nivolumab_ipilimumab"], 200, weight_kg=70)
    assert mass(rows, "antibody.ctla4") == pytest.approx(4 * 3 * 70)
    assert list(rows.loc[rows["lever"] == "antibody.pd1", "amount"]) == [70] * 4 + [480] * 5


def test_nivolumab_ipilimumab_ends_after_two_years():
    rows = therapy.protocol(["nivolumab_ipilimumab"], 1500, weight_kg=70)
    assert rows.loc[rows["lever"] == "antibody.pd1", "time"].max() == 84 + 23 * 28


@pytest.mark.parametrize(("weight", "dose"), [(59.9, "8 mg/day"), (60, "12 mg/day")])
def test_lenvatinib_goes_by_weight(weight, dose):
    assert therapy.regimen("lenvatinib", weight).schedule == (f"lenvatinib {dose}",)
    rows = therapy.protocol(["lenvatinib"], 100, weight_kg=weight)
    assert rows[["time", "lever", "action", "amount"]].to_numpy().tolist() == [[0.0, "tki.level", "set", 1.0]]


def doses(regimen: str, lever: str, horizon: float = 365, weight: float = 70) -> list[tuple[float, float]]:
    rows = therapy.protocol([regimen], horizon, weight_kg=weight)
    mine = rows[rows["lever"] == lever]
    return [(day, round(amount, 6)) for day, amount in zip(mine["time"], mine["amount"], strict=True)]


@pytest.mark.parametrize(
    ("regimen", "lever", "first"),
    [
        ("camrelizumab_rivoceranib", "antibody.pd1", [(0, 200), (14, 200), (28, 200)]),
        ("sintilimab_bevacizumab", "antibody.pd1", [(0, 200), (21, 200)]),
        ("sintilimab_bevacizumab", "antibody.vegf", [(0, 1050), (21, 1050)]),
        ("tislelizumab", "antibody.pd1", [(0, 200), (21, 200)]),
        ("pembrolizumab_400_lenvatinib", "antibody.pd1", [(0, 400), (42, 400)]),
        ("nivolumab_3mgkg", "antibody.pd1", [(0, 210), (14, 210)]),
        ("atezolizumab", "antibody.pd1", [(0, 1200), (21, 1200)]),
        ("atezolizumab_bevacizumab_tiragolumab", "antibody.coinhibitory", [(0, 600), (21, 600)]),
        ("nivolumab_3_ipilimumab_1_q6w", "antibody.ctla4", [(0, 70), (42, 70), (84, 70)]),
        ("nivolumab_3_ipilimumab_1_q6w", "antibody.pd1", [(0, 210), (14, 210)]),
        ("placebo", "antibody.pd1", []),
    ],
)
def test_trial_regimens_start_as_written(regimen, lever, first):
    assert doses(regimen, lever)[: len(first)] == first


def test_both_dose_ratios_of_nivolumab_and_ipilimumab():
    for regimen, nivolumab, ipilimumab in (
        ("nivolumab_1_ipilimumab_3", 70, 210),
        ("nivolumab_3_ipilimumab_1", 210, 70),
    ):
        assert doses(regimen, "antibody.ctla4") == [(day, ipilimumab) for day in (0, 21, 42, 63)]
        given_pd1 = doses(regimen, "antibody.pd1")
        assert given_pd1[:6] == [*((day, nivolumab) for day in (0, 21, 42, 63)), (84, 240), (98, 240)]


def test_tremelimumab_alone_goes_from_4_to_12_weeks():
    assert [day for day, _ in doses("tremelimumab", "antibody.ctla4", 400)] == [*range(0, 169, 28), 252, 336]
    assert {amount for _, amount in doses("tremelimumab", "antibody.ctla4", 400)} == {750}


def test_four_low_doses_of_tremelimumab():
    assert doses("durvalumab_tremelimumab_75", "antibody.ctla4") == [(day, 75) for day in (0, 28, 56, 84)]


def test_a_kinase_inhibitor_below_its_labelled_dose_acts_less():
    for regimen, level in (("atezolizumab_cabozantinib", 40 / 60), ("camrelizumab_rivoceranib", 1), ("sorafenib", 1)):
        rows = therapy.protocol([regimen], 100)
        assert rows.loc[rows["lever"] == "tki.level", "amount"].tolist() == [pytest.approx(level)]


def test_unknown_weight_is_said():
    assert therapy.regimen("atezolizumab_bevacizumab").weight_assumed
    assert not therapy.regimen("durvalumab").weight_assumed
    _, notes = therapy.full_protocol(["atezolizumab_bevacizumab"], [], 30)
    assert any("body weight unknown" in note for note in notes)


def test_donor_cells_are_the_dose_spread_by_the_profile():
    rows = therapy.protocol(["durvalumab", "fmt_capsules_healthy"], 100)
    donors = rows[rows["lever"].str.startswith("donor.")]
    assert donors["amount"].sum() == pytest.approx(2 * 0.03)
    assert sorted(set(donors["time"])) == [0, 21]
    assert mass(rows, "donor.but") == pytest.approx(2 * 0.03 * therapy.donor_shares("healthy_donor")["but"])


def test_vancomycin_lead_in_ends_before_the_transplant():
    rows = therapy.protocol(["durvalumab", "fmt_vancomycin_leadin"], 100)
    gut = rows[rows["lever"] == "antibiotic.luminal.gut"]
    assert list(gut["time"]) == [-3, -2, -1]
    assert gut["amount"].sum() == 3 * 1000
    assert rows.loc[rows["lever"].str.startswith("donor."), "time"].min() > gut["time"].max()
    kill = rows[rows["lever"] == "antibiotic.luminal.kill.but"]
    assert list(kill["time"]) == [-3, 10]
    assert kill["amount"].iloc[-1] == 0


def test_cycles_of_oral_vancomycin():
    rows = therapy.protocol(["oral_vancomycin"], 365)
    assert mass(rows, "antibiotic.luminal.gut") == 3 * 21 * 500
    assert rows["time"].max() <= 3 * 28 + 10


def test_courses_that_overlap_add_and_end_one_by_one():
    both = therapy.protocol(["synbiotic", "inulin"], 365)
    steps = both.loc[both["lever"] == "diet.inulin", ["time", "amount"]].to_numpy().tolist()
    assert steps == [[-14, 93], [0, 142], [84, 93]]


def test_fibre_is_added_to_the_patients_own_diet():
    rows = therapy.protocol(["fibre"], 30, habitual_carbohydrate=150)
    assert rows["amount"].tolist() == [150 + 62]


def test_blockers_together_never_reach_more_than_all():
    lever = therapy.levers()["inhibitor.bai"]
    assert lever.together([0.8, 0.5], 0) == pytest.approx(0.9)
    assert lever.together([], 0) == 0


def test_tace_kills_tumour_and_releases_antigen_for_two_weeks():
    rows = therapy.protocol(["tace"], 200)
    kill = rows.loc[rows["lever"] == "local.kill"]
    assert kill["time"].tolist() == [0, 14, 56, 70]
    assert (kill["amount"] > 0).tolist() == [True, False, True, False]
    assert set(kill["action"]) == {"set"}
    assert rows.loc[rows["lever"] == "antigen.release", ["time", "amount"]].to_numpy().tolist() == [
        [0, 2],
        [14, 0],
        [56, 2],
        [70, 0],
    ]


def test_start_day_moves_everything():
    at_zero = therapy.protocol(["durvalumab", "fibre"], 365)
    later = therapy.protocol(["durvalumab", "fibre"], 365 + 40, start_day=40)
    assert (later["time"].to_numpy() - 40).tolist() == at_zero["time"].tolist()


def test_every_unknown_id_is_named_with_a_match():
    with pytest.raises(InputError) as caught:
        therapy.protocol(["durvalumap", "fmt_capsule"], 100)
    text = str(caught.value)
    assert "durvalumab" in text
    assert "fmt_capsules_healthy" in text
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("horizon", [0, -1, float("nan"), float("inf")])
def test_bad_horizon_is_a_problem(horizon):
    with pytest.raises(InputError, match=r"therapy\.horizon"):
        therapy.protocol(["durvalumab"], horizon)


@pytest.mark.parametrize("weight", [0, -70, float("nan")])
def test_bad_weight_is_a_problem(weight):
    with pytest.raises(InputError, match=r"therapy\.weight"):
        therapy.protocol(["durvalumab"], 100, weight_kg=weight)


def test_two_drugs_in_one_slot_are_refused():
    with pytest.raises(InputError, match=r"therapy\.slot_taken"):
        therapy.protocol(["durvalumab", "pembrolizumab"], 100)


@settings(max_examples=60, deadline=None)
@given(regimen=REGIMENS, arms=ARMS, horizon=st.floats(1, 800), weight=st.floats(35, 140), start=st.floats(-5, 0))
def test_rows_are_well_formed(regimen, arms, horizon, weight, start):
    rows = therapy.protocol([regimen, *arms], horizon, weight_kg=weight, start_day=start)
    levers = therapy.levers()
    assert list(rows.columns) == ["time", "lever", "action", "amount", "component"]
    assert (rows["time"] < horizon).all()
    assert rows["time"].is_monotonic_increasing
    assert (rows["amount"] >= 0).all()
    assert all(levers[lever].action == action for lever, action in zip(rows["lever"], rows["action"], strict=True))
    set_rows = rows[rows["action"] == "set"]
    assert not set_rows.duplicated(["time", "lever"]).any()


@settings(max_examples=40, deadline=None)
@given(arm=st.sampled_from(therapy.arm_ids()))
def test_a_course_with_an_end_returns_to_rest(arm):
    rows = therapy.protocol([arm], 2000)
    ended = {pull.lever for pull in therapy.arm(arm).pulls if pull.duration is not None}
    for lever, own in rows[rows["action"] == "set"].groupby("lever"):
        if lever in ended or (lever.startswith("antibiotic.") and "antibiotic" in ended):
            assert own["amount"].iloc[-1] == therapy.levers()[lever].rest, lever


@settings(max_examples=40, deadline=None)
@given(horizon=st.floats(1, 700), weight=st.floats(35, 140))
def test_mass_grows_with_the_horizon_only_by_whole_doses(horizon, weight):
    rows = therapy.protocol(["atezolizumab_bevacizumab"], horizon, weight_kg=weight)
    n = sum(day < horizon for day in range(0, 1000, 21))
    assert mass(rows, "antibody.pd1") == pytest.approx(1200 * n)
    assert mass(rows, "antibody.vegf") == pytest.approx(15 * weight * n)
