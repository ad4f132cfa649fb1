"""Every arm of the trial table is a set-up of the program, and says what stands from memory."""

from __future__ import annotations

import pytest

from hepaxis import knowledge, therapy
from hepaxis.trial import conduct_trials, published_arm, published_arm_ids


def test_every_row_of_the_trial_table_is_mapped():
    assert [row["id"] for row in knowledge.records("trial_arms")] == list(published_arm_ids())
    assert {row["conduct"] for row in knowledge.records("trial_arms")} <= set(conduct_trials())


@pytest.mark.parametrize("id", published_arm_ids())
def test_every_arm_can_be_given(id):
    arm = published_arm(id)
    assert sum(share for share, _ in arm.treatments) == pytest.approx(1.0)
    for _, components in arm.treatments:
        rows = therapy.protocol(components, 365, weight_kg=70)
        assert rows.empty == (components == ("placebo",))
        therapy.parameters(components)


@pytest.mark.parametrize("row", knowledge.records("trial_arms"), ids=lambda row: str(row["id"]))
def test_what_nobody_saw_is_named(row):
    assert bool(row["unverified"]) == (row["checked"] in ("recalled", "part_seen"))
    for column in ("enrolled_from", "enrolled_to"):
        assert not row[column] or 2005 <= int(str(row[column])[:4]) <= 2024


def test_arms_agree_with_the_trial_table():
    for id in published_arm_ids():
        arm, row = published_arm(id), knowledge.row("trials", id)
        assert arm.conduct.interval_weeks == row["scan_interval_weeks"], id
        assert arm.second_line == {"1L": 0, "2L": 1, "1L/2L": 0.6, "TACE-eligible": 0}[str(row["line"])], id
        assert ("Child" in id or any(c.startswith("B") for c in arm.child_pugh)) == ("B" in str(row["child_pugh"])), id


def test_enrolment_dates_the_arm():
    arm = published_arm("checkmate_459_nivolumab")
    assert arm.enrolment == pytest.approx(2016.67, abs=0.01)
    assert published_arm("go30140_f2_atezo_alone").enrolment is None


def test_a_control_of_choice_keeps_its_shares():
    arm = published_arm("checkmate_9dw_lenvatinib_sorafenib")
    assert arm.treatments == ((0.85, ("lenvatinib",)), (0.15, ("sorafenib",)))
    assert arm.components == ("lenvatinib",)


def test_modifiers_of_the_population():
    assert published_arm("checkmate_040_nivolumab_child_pugh_b").population == "child_pugh_b"
    assert published_arm("keynote_394_placebo_asia").region == "asia"
    assert published_arm("keynote_394_placebo_asia").components == ("placebo",)


def test_an_unknown_arm_is_told_with_the_nearest():
    with pytest.raises(KeyError, match="himalaya_durvalumab"):
        published_arm("himalaya_durva")
