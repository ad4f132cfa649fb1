"""Scores: published numbers reproduced from a brought file, rules at their edges, files refused with reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hepaxis import profile
from hepaxis.cohort.scores import akkermansia_classes, collective_balance, published_scores, read_score
from hepaxis.cohort.survival import cox, follow_up
from hepaxis.problems import InputError

BALANCE = """
name: {name}
source: 10.1016/j.cell.2024.05.029
formula: presence_balance
higher: response
sets:
  favourable: {{file: {favourable}}}
  unfavourable: {{file: {unfavourable}}}
cut_offs: [0.5351, 0.7911]
classes: [unfavourable, grey, favourable]
grey_zone:
  class: grey
  taxon: Akkermansia_muciniphila, SGB9226
  absent: unfavourable
  above: {{share: 0.04799, class: unfavourable}}
  otherwise: favourable
"""


def balance_file(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "brought.yaml"
    text = BALANCE.format(name="brought", favourable=folder / "sig2.txt", unfavourable=folder / "sig1.txt")
    path.write_text(text, encoding="utf-8")
    return path


def table(**shares: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = pd.DataFrame(shares)
    frame["rest"] = 1.0 - frame.sum(axis=1)
    lineages = pd.DataFrame({"genus": [c.split("_")[0] for c in frame], "species": list(frame)}, index=frame.columns)
    return frame, lineages


@pytest.mark.shared
class TestAgainstThePublishedScore:
    def test_all_245_scores_follow_from_the_counts(self, shared, tmp_path):
        folder = shared("data/toposcore_nsclc")
        score = read_score(balance_file(folder, tmp_path))
        rows = pd.read_csv(folder / "scores_disc.csv")
        assert len(rows) == 245
        assert (rows["N_SIGB1"].iloc[0], rows["N_SIGB2"].iloc[0]) == tuple(
            len(score.sets[s]) for s in ("unfavourable", "favourable")
        )
        found = score.of_counts(rows["SIGB2"].to_numpy(), rows["SIGB1"].to_numpy())
        assert np.abs(found - rows["TOPOB01"].to_numpy()).max() < 1e-9

    def test_the_236_validation_profiles_are_scored_and_go_with_survival(self, shared, tmp_path):
        folder = shared("data/toposcore_nsclc")
        raw = pd.read_csv(folder / "met4_valid_complete.csv", index_col=0)
        taxa = raw.drop(columns=["Cohort", "OS12", "AKK_TRICHO", "OS", "Death"])
        shares = taxa.div(taxa.sum(axis=1), axis=0).reset_index(drop=True)
        lineages = pd.DataFrame({"species": shares.columns}, index=shares.columns)
        found = read_score(balance_file(folder, tmp_path))(shares, lineages)
        assert len(found.score) == 236
        assert found.score.between(0, 1).all()
        assert found.found == {"favourable": (45, 45), "unfavourable": (35, 37)}
        assert set(found.missing) == {"Limosilactobacillus_oris", "Proteus_mirabilis"}
        assert set(found.classes) == {"favourable", "unfavourable"}
        clinical = pd.read_csv(folder / "DS1_oncology_clinical_data_DiscValid.csv").set_index("Group")
        people = clinical.loc[raw.index]
        bad = (found.classes == "unfavourable").to_numpy()
        once = ~raw.index.duplicated()
        assert (bad == (people["PRED_TOPO"] == "NR").to_numpy())[once].mean() > 0.94  # the authors' own classes
        fit = cox(
            follow_up(people["OS"].to_numpy()[once], people["Death"].to_numpy()[once]),
            pd.DataFrame({"bad": bad[once].astype(float)}),
        )
        assert fit.table.loc["bad", "low"] > 1
        assert fit.table.loc["bad", "hr"] == pytest.approx(1.756, abs=0.05)  # the authors' script, validation: 1.756


def test_any_name_of_a_taxon_counts_once(tmp_path):
    text = """
name: x
source: made
formula: presence_balance
higher: response
sets:
  favourable: [[A_a, SGB1], B_b]
  unfavourable: ["C_c, C_d"]
"""
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    score = read_score(path)
    found = score(*table(SGB1=[0.1, 0.0, 0.2], A_a=[0.1, 0.0, 0.0], C_d=[0.0, 0.1, 0.1]))
    assert found.score.tolist() == pytest.approx([(1 / 2 + 1) / 2, 0.0, (1 / 2 - 1 + 1) / 2])
    assert found.missing == ("B_b",)
    assert found.coverage == pytest.approx(2 / 3)


def test_weighted_sums_and_their_transforms(tmp_path):
    for transform, value in (("presence", 2.0 - 1.0), ("share", 2.0 * 0.3 - 0.1), ("log10", 2 * np.log10(0.3) + 1)):
        path = tmp_path / f"{transform}.yaml"
        path.write_text(
            f"name: w\nsource: made\nformula: weighted_sum\nhigher: no_response\ntransform: {transform}\n"
            "weights: {A_a: 2, B_b: -1}\n",
            encoding="utf-8",
        )
        score = read_score(path)
        assert score.turn == -1.0
        assert score(*table(A_a=[0.3], B_b=[0.1])).score.iloc[0] == pytest.approx(value)


def test_the_health_index_s_formula():
    """Gupta 2020: log10 of (richness / typical richness x Shannon's sum), 1e-5 on both sides."""
    up, down = np.array([[0.2, 0.1, 0.0]]), np.array([[0.05, 1e-6]])
    psi_up = 2 / 7 * -(0.2 * np.log(0.2) + 0.1 * np.log(0.1))
    psi_down = 1 / 31 * -(0.05 * np.log(0.05))
    expected = np.log10((psi_up + 1e-5) / (psi_down + 1e-5))
    assert collective_balance(up, down, 7, 31)[0] == pytest.approx(expected)
    assert collective_balance(down, down, 7, 7)[0] == 0.0


def test_akkermansia_has_three_classes_at_its_published_edge():
    classes = akkermansia_classes(*table(Akkermansia_muciniphila=[0.0, 1e-5, 0.04799, 0.0481]))
    assert classes.tolist() == ["zero", "low", "low", "high"]


@pytest.mark.shared
def test_ratios_of_cirrhosis_point_as_they_were_found_to(shared):
    """Qin 2014: the modified ratio AUC 0.83; Bajaj's fails, oral Veillonella being in its numerator (0.44)."""
    from hepaxis.cohort.prediction import area

    folder = shared("data/cirrhosis_qin2014")
    read = profile.read(folder / "abundance.tsv")
    healthy = np.array([line.strip() == "n" for line in (folder / "labels.txt").read_text().splitlines()])
    scores, sources = published_scores(read.abundance, read.lineages)
    found = {name: area(healthy, scores[name].to_numpy()) for name in scores}
    assert found["Modified dysbiosis ratio, low"] == pytest.approx(0.83, abs=0.02)
    assert found["Cirrhosis dysbiosis ratio, high"] < 0.5
    assert set(sources) == set(scores.columns)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("formula: magic", "score.word"),
        ("higher: good", "score.word"),
        ("colour: red", "score.field"),
        ("cut_offs: [0.8, 0.5]", "score.cut_offs"),
        ("sets: {favourable: [A_a], unfavourable: [A_a]}", "score.both_sets"),
        ("sets: {favourable: [A_a]}", "score.sets"),
        ("sets: {favourable: {file: nowhere.txt}, unfavourable: [B_b]}", "score.table"),
        ("grey_zone: {class: grey}", "score.grey_zone"),
        ("source: ''", "score.missing"),
    ],
)
def test_a_wrong_file_is_refused_with_its_field(tmp_path, change, code):
    lines = {
        "name": "name: x",
        "source": "source: y",
        "formula": "formula: presence_balance",
        "higher": "higher: response",
        "sets": "sets: {favourable: [A_a], unfavourable: [B_b]}",
    }
    lines[change.split(":")[0]] = change
    path = tmp_path / "x.yaml"
    path.write_text("\n".join(lines.values()), encoding="utf-8")
    with pytest.raises(InputError) as fault:
        read_score(path)
    assert code in {p.code for p in fault.value.problems}


def test_a_file_that_is_no_score_is_refused(tmp_path):
    for text in ("- a\n- b\n", "{", ""):
        path = tmp_path / "x.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            read_score(path)
