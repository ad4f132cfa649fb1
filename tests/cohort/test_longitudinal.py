"""People over time: pairs by person, an antibiotic's knock-down and return, engraftment against chance."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from hepaxis.cohort.community import alpha_diversity, compare_groups
from hepaxis.cohort.longitudinal import course, engraftment, paired_changes, recovery
from hepaxis.problems import InputError

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(path: Path, name: str) -> pd.DataFrame:
    """One sheet of a workbook as text; the file is a zip of XML, and the project reads no workbooks itself."""
    with zipfile.ZipFile(path) as book:
        strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        texts = ["".join(t.text or "" for t in item.iter(f"{MAIN}t")) for item in strings.findall(f"{MAIN}si")]
        names = [s.get("name") for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")]
        page = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{names.index(name) + 1}.xml"))
    rows = []
    for row in page.iter(f"{MAIN}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{MAIN}v")
            if value is not None and value.text is not None:
                place = (cell.get("r") or "").rstrip("0123456789")
                cells[place] = texts[int(value.text)] if cell.get("t") == "s" else value.text
        rows.append(cells)
    head = rows[0]
    return pd.DataFrame([{head[k]: cells.get(k) for k in head} for cells in rows[1:]])


@pytest.fixture(scope="module")
def antibiotics(shared) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    path = shared("data/abx_recovery_chng2020/antibiotics.xlsx")
    found = {}
    for place in ("Singapore", "Canada"):
        table = sheet(path, place).set_index("ID")
        values = table.drop(columns=["sample_id", "stage", "Status"]).astype(float)
        found[place] = (values.div(values.sum(axis=1), axis=0), table[["sample_id", "stage", "Status"]])
    return found


@pytest.mark.shared
def test_shannon_of_chng_is_that_of_the_sheet(antibiotics, shared):
    told = sheet(shared("data/abx_recovery_chng2020/antibiotics.xlsx"), "Alpha Diversity (long)")
    told = told.set_index([told["sample_id"], told["stage"]])["diversity"].astype(float)
    for values, people in antibiotics.values():
        ours = alpha_diversity(values)["shannon"]
        ours.index = pd.MultiIndex.from_frame(people[["sample_id", "stage"]])
        assert (ours - told.reindex(ours.index)).abs().max() < 1e-12


@pytest.mark.shared
def test_those_called_recovered_have_more_diversity_after_but_were_not_hit_less(antibiotics):
    for values, people in antibiotics.values():
        found = recovery(values, people["sample_id"], people["stage"])
        status = people.drop_duplicates("sample_id").set_index("sample_id")["Status"].map({"NR": "a", "R": "b"})
        test = compare_groups(found.people[["knock_down", "shannon post"]], status)
        assert test.loc["shannon post", "auc"] > 0.95
        assert test.loc["knock_down", "p"] > 0.05
        assert found.own_baseline["p"] == 0.001
        assert found.own_baseline["share"] > 5 * found.own_baseline["chance"]


@pytest.mark.shared
def test_missing_stages_are_said_and_not_filled_in(antibiotics):
    values, people = antibiotics["Singapore"]
    found = recovery(values, people["sample_id"], people["stage"])
    assert "4 of 12 people miss a stage" in found.problems[0].found
    assert found.people["recovered"].isna().sum() >= 4
    changes = paired_changes(
        alpha_diversity(values)[["shannon"]], people["sample_id"], people["stage"], "pre", "during"
    )
    assert changes.loc["shannon", "pairs"] < 12
    with pytest.raises(InputError, match="nobody has"):
        recovery(values, people["sample_id"], people["stage"], stages=("before", "during", "after"))


def test_recovery_of_a_made_course_is_what_was_made():
    rows = {
        ("A", "pre"): [0.25, 0.25, 0.25, 0.25],
        ("A", "during"): [0.5, 0.5, 0.0, 0.0],
        ("A", "post"): [0.25, 0.25, 0.5, 0.0],
        ("B", "pre"): [0.7, 0.1, 0.1, 0.1],
        ("B", "during"): [0.7, 0.1, 0.1, 0.1],
        ("B", "post"): [0.7, 0.1, 0.1, 0.1],
    }
    index = ["-".join(key) for key in rows]
    table = pd.DataFrame(list(rows.values()), index=index, columns=list("wxyz"))
    who = pd.Series([k[0] for k in rows], index=index)
    stage = pd.Series([k[1] for k in rows], index=index)
    found = recovery(table, who, stage).people
    assert found.loc["A", "knock_down"] == pytest.approx(-1.0)
    assert found.loc["A", "recovered"] == pytest.approx(0.5)
    assert (found.loc["A", "lost"], found.loc["A", "returned"]) == (2, 0.5)
    assert found.loc["A", "displaced"] == pytest.approx(0.5)
    assert np.isnan(found.loc["B", "recovered"])  # nothing was lost, so no share of it came back


def test_paired_changes_are_the_paired_t_test(rng):
    before, after = rng.normal(size=15), rng.normal(0.8, 1, size=15)
    index = [f"S{k}" for k in range(31)]
    who = pd.Series([*range(15), *range(15), 99], index=index)
    stage = pd.Series(["pre"] * 15 + ["post"] * 15 + ["pre"], index=index)
    measures = pd.DataFrame({"m": [*before, *after, 5.0]}, index=index)
    found = paired_changes(measures, who, stage, "pre", "post").loc["m"]
    test = ttest_rel(after, before)
    assert found["mean_change"] == pytest.approx((after - before).mean())
    assert found["p_t"] == pytest.approx(test.pvalue)
    assert found["low"] == pytest.approx(test.confidence_interval().low)
    assert (found["pairs"], found["only_before"], found["only_after"]) == (15, 1, 0)


def test_a_course_with_people_as_intercepts_finds_the_interaction(rng):
    people = np.repeat(np.arange(24), 3)
    stage = np.tile(["a", "b", "c"], 24)
    group = np.where(people < 12, "x", "y")
    value = rng.normal(size=24)[people] * 3 + 1.5 * ((stage == "c") & (group == "y")) + rng.normal(size=72) * 0.5
    data = pd.DataFrame({"stage": stage, "group": group})
    found = course(pd.DataFrame({"m": value}), data, ["stage", "group", "stage:group"], pd.Series(people))
    row = found.loc[("m", "stage[c]:group[y]")]
    assert row["low"] < 1.5 < row["high"]
    assert row["p"] < 0.001
    assert found.loc[("m", "group[y]"), "df"] == 22
    assert found["icc"].iloc[0] > 0.8


@pytest.fixture(scope="module")
def transplants(shared) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder = shared("data/cdiff_fmt_timecourse")
    people = pd.read_csv(folder / "cdi_metadata.csv").set_index("Run")
    counts = pd.read_csv(folder / "asv_counts.csv.gz", index_col=0)
    counts = counts.loc[people.index.intersection(counts.index)]
    counts = counts[counts.sum(axis=1) >= 1000]
    return counts.div(counts.sum(axis=1), axis=0), people.loc[counts.index]


@pytest.mark.shared
def test_the_four_recipients_take_up_the_donor_far_beyond_chance(transplants):
    values, people = transplants
    donors = {f"CD{k}": "Donor" for k in range(1, 5)}
    found = engraftment(values, people["host_subject_id"], people["day_relative_to_fmt"], donors)
    late = found.indicators.groupby("recipient").last()
    assert (late["low"] > 4 * late["chance"]).all()
    assert (late["chance"] < 0.15).all()
    near = found.coalescence.groupby("recipient")[["to_donor", "to_baseline"]].median()
    assert (near["to_donor"] < near["to_baseline"]).all()
    assert (found.features["share"].head(20) == 1.0).all()
    odd = [p for p in found.problems if p.code == "cohort.odd_donor_sample"]
    assert len(odd) == 1
    assert "ERR1883293" in odd[0].found  # labelled 'CD3 Donor', and nothing like the donor's other samples
    assert found.donor_spread["Donor"] < 0.85


@pytest.mark.shared
def test_people_before_a_transplant_share_little_with_the_donor(transplants):
    """A negative control: give a 'transplant' to samples taken before one, by moving the day."""
    values, people = transplants
    who = people["host_subject_id"].astype(str)
    day = pd.to_numeric(people["day_relative_to_fmt"], errors="coerce")
    first = who[(day <= 0) & who.str.match("CD[1-4]$")]
    shifted = pd.concat([day[who == "Donor"], pd.Series(0.0, index=first.index)])
    sham = pd.concat([values.loc[shifted.index], values.loc[first.index].rename("later {}".format)])
    names = pd.concat([who[shifted.index], first.rename("later {}".format)])
    days = pd.concat([shifted, pd.Series(5.0, index=sham.index[len(shifted) :])])
    found = engraftment(sham, names, days, dict.fromkeys(sorted(set(first)), "Donor"))
    assert (found.indicators["engrafted"] == 0).all()
    assert (found.indicators["persisting"] > 0.5).all()
    assert found.coalescence["moved"].abs().max() < 0.1


def test_a_made_transplant_is_measured_as_made(rng):
    donor = np.r_[rng.dirichlet(np.ones(10)), np.zeros(10)]
    own = np.r_[np.zeros(10), rng.dirichlet(np.ones(10))]
    rows = {"d1": donor, "d2": donor, "r0": own, "r1": 0.6 * donor + 0.4 * own, "r2": donor, "u": own}
    table = pd.DataFrame(rows).T
    who = pd.Series(["D", "D", "R", "R", "R", "U"], index=table.index)
    day = pd.Series([np.nan, np.nan, 0, 1, 30, np.nan], index=table.index)
    found = engraftment(table, who, day, {"R": "D"})
    assert found.coalescence["from_donor"].tolist() == pytest.approx([0.6, 1.0])
    assert found.coalescence["from_baseline"].tolist() == pytest.approx([0.4, 0.0], abs=1e-9)
    assert found.coalescence["moved"].iloc[1] == pytest.approx(1.0)
    assert found.indicators["engrafted"].tolist() == [1.0, 1.0]
    assert found.indicators["persisting"].tolist() == [1.0, 0.0]
    assert (found.indicators["chance"] == 0.0).all()
    assert found.stability.loc["R", "arrived_day"] == 30.0
    with pytest.raises(InputError, match="donor 'X' has no sample"):
        engraftment(table, who, day, {"R": "X"})
    with pytest.raises(InputError, match="no recipient has a sample"):
        engraftment(table, who, day * 0, {"R": "D"})
