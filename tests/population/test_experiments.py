"""The score card: every published row is accounted for, set-ups only move what the model has, and signs are tested."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis import axis, knowledge
from hepaxis.population import arms, experiments
from hepaxis.population.assumptions import relevance
from hepaxis.population.closure import engine_model
from hepaxis.population.experiment_table import ARM_COLUMNS, COHORT, COLUMNS, DIRECTIONS, Experiment, read_experiments
from hepaxis.population.experiment_table import experiments as shipped
from hepaxis.population.experiments import (
    DEAD_BAND,
    by_scale,
    direction,
    run_experiments,
    score_card,
    size_met,
    totals,
    verdict,
)
from hepaxis.population.mechanisms import OWN_TAU
from hepaxis.population.panel import Panel
from hepaxis.population.tau import solved_tau
from hepaxis.problems import InputError
from hepaxis.profile.guilds import GUILDS

HOSTS, SEED = 4, 5
ROWS = shipped()
EXPRESSED = [row for row in ROWS if row.expressed]


def test_every_readout_of_the_table_is_there_once_as_published():
    published = [
        (record["id"], *item.rpartition(":")[::2])
        for record in knowledge.records("perturbations")
        for item in record["expected"]
    ]
    assert sorted((row.id, row.readout, row.published) for row in ROWS) == sorted(published)


def test_use_and_layer_are_those_of_the_table():
    for row in ROWS:
        record = knowledge.row("perturbations", row.id)
        assert (row.use, row.layer) == (record["use"], record["layer"]), row.id


SAID = {
    "human": ("human", "meta-analysis"),
    "mouse": ("mouse",),
    "culture": ("in vitro", "ex vivo", "human stool", "mouse"),
}


def test_the_species_is_one_that_the_table_names():
    for row in ROWS:
        record = knowledge.row("perturbations", row.id)
        told = f"{record['species']} {record['system']}"
        assert any(word in told for word in SAID[row.species]), (row.id, row.readout)
        if row.species != "human":
            only_people = record["species"] in ("human", "human RCT", "human meta-analysis", "human metagenome")
            assert not only_people, (row.id, row.readout)


def test_what_is_not_expressed_says_why_and_what_is_has_two_different_arms():
    for row in ROWS:
        assert row.expressed or len(row.reason) > 10, row.id
    for row in EXPRESSED:
        assert row.control != row.perturbed or row.measure in ("sign", *COHORT), row.id


def test_set_ups_name_levers_inputs_and_variables_that_exist():
    model, engine = axis.build(), engine_model()
    readable = {*engine.states, *engine.observables}
    special = ("antibiotic.", "donor.", "regimen.")
    for row in EXPRESSED:
        for text in row.variable.split("~"):
            assert set(arms.variable_names(text)) <= readable, row.id
        for column in ARM_COLUMNS:
            assert not arms.token_faults(getattr(row, column)), row.id
            for name in arms.tokens(getattr(row, column)):
                known = name in model.levers.index or name.removeprefix("input.") in model.inputs.index
                held = name.startswith("parameter.") and name.removeprefix("parameter.") in engine.default_parameters
                assert known or held or name in arms.WORDS or name.startswith(special), (row.id, name)


def test_no_row_moves_a_gate_or_the_common_scale():
    for row in ROWS:
        text = " ".join(getattr(row, column) for column in ARM_COLUMNS)
        assert not any(word in text for word in ("gate.", "tau=", "parameter.g_", "parameter.ref_", "ref.")), row.id


@pytest.mark.parametrize(
    ("published", "change", "said"),
    [
        ("up", 0.2, "right"),
        ("up", 0.04, "unchanged"),
        ("up", -0.04, "unchanged"),
        ("up", -0.2, "reversed"),
        ("down", -0.2, "right"),
        ("down", 0.2, "reversed"),
        ("none", 0.04, "right"),
        ("none", -0.2, "changed"),
        ("up", float("nan"), "not_simulated"),
    ],
)
def test_the_verdict_on_made_numbers(published, change, said):
    assert verdict(published, change) == said


@given(st.floats(-0.99, 100.0))
def test_exactly_one_direction_is_right(change):
    said = [verdict(published, change) for published in DIRECTIONS]
    assert said.count("right") == 1
    assert (direction(change) == "none") == (abs(change) <= DEAD_BAND)


@pytest.mark.parametrize(
    ("low", "high", "ratio", "met"),
    [
        (None, None, 2.0, None),
        (2.0, 3.0, 2.5, True),
        (2.0, 2.0, 2.0**0.5, True),
        (2.0, 2.0, 2.0**0.4, False),
        (2.0, 2.0, 4.1, False),
        (2.0, 2.0, 0.5, False),
        (0.1, 0.1, 0.2, True),
        (0.1, 0.1, 0.5, False),
        (0.9, 1.1, 1.05, True),
        (0.5, 0.5, 0.0, False),
    ],
)
def test_a_stated_size_is_met_within_a_factor_two_of_its_logarithm(low, high, ratio, met):
    assert size_met(low, high, ratio) is met


def made(**cells: object) -> Experiment:
    plain: dict[str, object] = dict.fromkeys(COLUMNS, "")
    plain |= {"id": "X1", "layer": "made", "use": "test", "readout": "NKT", "published": "up", "low": None}
    plain["species"] = "mouse"
    plain |= {"high": None, "community": "reference", "day": 1.0, "variable": "nkt", "sense": 1, "measure": "level"}
    return Experiment(**(plain | cells))  # type: ignore[arg-type]


def fake_panel(monkeypatch, read):
    class Made:
        def __init__(self, *args):
            pass

        def read(self, community, both, own, day, variable):
            return np.asarray(read(own.split()), float)

    monkeypatch.setattr(experiments, "Panel", Made)


def test_the_change_is_the_median_over_hosts_and_sense_turns_it(monkeypatch):
    fake_panel(monkeypatch, lambda own: [1.0, 2.0, 4.0] if "load=2" in own else [1.0, 1.0, 1.0])
    row, turned = made(perturbed="load=2"), made(perturbed="load=2", sense=-1)
    table = run_experiments([row, turned])
    assert table["predicted"].tolist() == pytest.approx([1.0, -0.5])
    assert table["passed"].tolist() == [True, False]
    assert table["verdict"].tolist() == ["right", "reversed"]


def test_a_drug_effect_is_the_gain_over_what_the_change_does_without_the_drug(monkeypatch):
    """The change alone halves the tumour; the drug takes half in the control and three quarters with the change."""
    volume = {"": 8.0, "d": 4.0, "c": 4.0, "cd": 1.0}
    fake_panel(monkeypatch, lambda own: [volume["".join(word[0] for word in own)]])
    row = made(perturbed="c=1", drug="d=1", measure="drug_effect", variable="tumour_volume")
    assert run_experiments([row])["predicted"].item() == pytest.approx(1.0)


def test_hosts_that_cannot_be_simulated_are_left_out_and_counted(monkeypatch):
    fake_panel(monkeypatch, lambda own: [2.0, np.nan] if "load=2" in own else [1.0, 1.0])
    table = run_experiments([made(perturbed="load=2")])
    assert table["hosts"].item() == 1
    fake_panel(monkeypatch, lambda own: [np.nan])
    table = run_experiments([made(perturbed="load=2")])
    assert table["verdict"].item() == "not_simulated"
    assert not table["passed"].item()


def test_a_rise_from_nothing_is_up_and_nothing_in_both_arms_is_none(monkeypatch):
    fake_panel(monkeypatch, lambda own: [3.0, 1.0] if "load=2" in own else [0.0, 0.0])
    assert run_experiments([made(perturbed="load=2")])["passed"].item()
    assert not run_experiments([made(perturbed="load=2", sense=-1)])["passed"].item()
    fake_panel(monkeypatch, lambda own: [0.0])
    assert run_experiments([made(perturbed="load=2", published="none")])["passed"].item()


def test_a_sign_is_that_of_the_variable_in_one_arm(monkeypatch):
    fake_panel(monkeypatch, lambda own: [0.2, 0.3, -0.1])
    rows = [made(measure="sign", published=word, perturbed="load=2") for word in ("positive", "negative", "none")]
    table = run_experiments([*rows, made(measure="sign", published="negative", sense=-1)])
    assert table["predicted"].tolist() == pytest.approx([0.2, 0.2, 0.2, -0.2])
    assert table["verdict"].tolist() == ["right", "reversed", "changed", "right"]
    assert table["direction"].tolist() == ["positive"] * 3 + ["negative"]


def test_a_correlation_and_a_contrast_are_read_from_a_cohort(monkeypatch):
    class Made:
        def __init__(self, *args):
            pass

        def correlation(self, both, variables):
            return (0.09, 0.0, 0.2) if "load" in variables else (0.4, 0.3, 0.5)

        def responder_odds(self, both, drug, day, variable):
            return 1.25, 1.1, 1.5

    monkeypatch.setattr(experiments, "Panel", Made)
    rows = [
        made(measure="correlation", community="drawn", published="positive", variable="nkt ~ mdsc"),
        made(measure="correlation", community="drawn", published="positive", variable="nkt ~ mdsc", sense=-1),
        made(measure="correlation", community="drawn", published="none", variable="nkt ~ load"),
        made(measure="responder_contrast", community="drawn", published="up", variable="share_akk"),
        made(measure="responder_contrast", community="drawn", published="up", variable="share_akk", sense=-1),
    ]
    table = run_experiments(rows)
    assert table["verdict"].tolist() == ["right", "reversed", "right", "right", "reversed"]
    assert table["predicted"].tolist() == pytest.approx([0.4, -0.4, 0.09, 0.25, -0.2])
    assert (table["low10"] <= table["predicted"]).all()
    assert (table["high90"] >= table["predicted"]).all()


def test_totals_count_by_use_and_an_experiment_passes_as_a_whole(monkeypatch):
    fake_panel(monkeypatch, lambda own: [2.0] if "load=2" in own else [1.0])
    good, bad = made(perturbed="load=2"), made(perturbed="load=2", readout="B", published="down")
    other, silent = made(id="X2", perturbed="load=2"), made(id="X3", reason="the model has no such variable")
    counted = totals(run_experiments([good, bad, other, silent])).loc["test"]
    assert (counted["experiments"], counted["experiments_expressed"], counted["experiments_passed"]) == (3, 2, 1)
    assert (counted["readouts"], counted["expressed"], counted["passed"], counted["reversed"]) == (4, 3, 2, 1)
    assert counted["unchanged_same_sign"] == 0
    assert counted["chance"] == pytest.approx(1 / 3)
    assert counted["constant"] == pytest.approx(2 / 3)


def test_what_leans_the_published_way_inside_the_dead_band_fails_and_is_counted(monkeypatch):
    fake_panel(monkeypatch, lambda own: [1.04] if "load=2" in own else [1.0])
    leaning, other = made(perturbed="load=2"), made(perturbed="load=2", readout="B", published="down")
    counted = totals(run_experiments([leaning, other])).loc["test"]
    assert (counted["passed"], counted["unchanged"], counted["unchanged_same_sign"]) == (0, 2, 1)


def chosen(*wanted: tuple[str, str]) -> list[Experiment]:
    return [row for row in ROWS if (row.id, row.readout) in wanted]


REST_ON = {
    "dca_cd8_effector": ("P039", "CD8 effector function"),
    "scfa_treg": ("P057", "Treg"),
    "akkermansia_il12": ("P081", "DC IL-12"),
    "bifido_dc": ("P076", "DC function"),
    "akkermansia_barrier": ("P083", "serum LPS"),
    "ipa_tpex": ("P059", "CD8 Tpex"),
    "hydrophobic_ba_nkt": ("P032", "hepatic NKT"),
}


@pytest.mark.parametrize("gate", REST_ON)
def test_a_readout_rests_on_its_gate_and_turns_with_the_sign(gate):
    """One gate on, all others off, in the system of the claim: right; its sign turned: the other way; off: nothing."""
    rows = chosen(REST_ON[gate])
    right, turned, off = (
        run_experiments(rows, hosts=HOSTS, seed=SEED, gates={"*": 0.0, gate: factor}) for factor in (1.0, -1.0, 0.0)
    )
    assert right["verdict"].item() == "right"
    assert turned["verdict"].item() == "reversed"
    assert off["verdict"].item() == "unchanged"


def test_with_all_gates_off_the_readouts_that_rest_on_one_fail_and_are_reported(monkeypatch):
    def read(self, community, both, own, day, variable):
        return np.array([2.0 if self.on and "load=2" in own else 1.0])

    class Made:
        def __init__(self, hosts, seed, gates, *scale):
            self.on = gates.get("*", 1.0) > 0

    Made.read = read
    monkeypatch.setattr(experiments, "Panel", Made)
    rows = [made(layer="immune", perturbed="load=2"), made(layer="immune", readout="B", published="none")]
    table, total = score_card(rows)
    assert table["passed"].tolist() == [True, True]
    assert table["passed_gates_off"].tolist() == [False, True]
    assert total.loc["test", "immune_failed_gates_off"] == 1
    assert total.loc["test", "immune_passed_by_gates"] == 1


def test_a_claim_is_read_at_the_scale_of_the_species_it_was_measured_in():
    """tau and the discounts are about people: the effect is larger in the mouse, none without gates."""
    (row,) = chosen(("P032", "hepatic NKT"))
    assert row.species == "mouse"

    def effect(species, **options):
        one = [dataclasses.replace(row, species=species)]
        return run_experiments(one, hosts=HOSTS, seed=SEED, **options)

    for species in ("mouse", "culture"):
        own, people = effect(species), effect(species, human_scale=True)
        off = effect(species, gates={"*": 0.0})
        assert own["scale"].item() == "own"
        assert own["predicted"].item() < 1.5 * people["predicted"].item() < 0, species
        assert abs(off["predicted"].item()) < 1e-3, species
    human = effect("human")
    assert human["scale"].item() == "people"
    assert human["predicted"].item() == pytest.approx(people["predicted"].item()), (
        "a dish at the human scale is a person"
    )


def test_gates_in_the_animal_are_the_prior_means_and_in_people_discounted():
    gates = axis.build().gates
    own, people = (Panel(2, SEED, species=species).twin.closed.parameters for species in ("mouse", "human"))
    assert set(own["tau"]) == {OWN_TAU}
    assert set(people["tau"]) == {solved_tau()}
    for gate, row in gates.iterrows():
        assert own[f"g_{gate}"].iloc[0] == row["prior_mean"]
        assert people[f"g_{gate}"].iloc[0] == pytest.approx(row["prior_mean"] * relevance()[row["grade"]])


def test_the_card_says_what_the_scale_does():
    rows = chosen(("P059", "CD8 Tpex"), ("P020", "faecal secondary BA"))
    table, total = score_card(rows, hosts=HOSTS, seed=SEED)
    scales = by_scale(table).set_index(["use", "species"])
    assert scales.loc[("test", "human"), ["scale", "passed"]].tolist() == ["people", 1]
    assert scales.loc[("construct", "mouse"), ["scale", "expressed"]].tolist() == ["own", 1]
    again = run_experiments(rows, hosts=HOSTS, seed=SEED, human_scale=True)
    assert table["passed_human_scale"].tolist() == again["passed"].tolist()
    assert total["passed_human_scale"].sum() == again["passed"].sum()


def test_the_same_seed_gives_the_same_card():
    rows = chosen(("P031", "hepatic CXCR6+ NKT"), ("P020", "faecal secondary BA"))
    first, second = (run_experiments(rows, hosts=HOSTS, seed=SEED) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_arms_that_do_nothing_differ_by_nothing():
    panel = Panel(HOSTS, SEED)
    for own in ("diet.carbohydrate=220", "blocker.tlr4=0", "parameter.feed_lca=0", "donor.akk=0"):
        plain, same = (panel.read("reference", "", text, 28.0, "tumour_volume") for text in ("", own))
        assert same == pytest.approx(plain, rel=1e-3), own


def test_a_held_lever_is_set_and_goes_back_at_the_end_of_its_window():
    panel = Panel(HOSTS, SEED)
    hexose = [panel.read("reference", "", "diet.carbohydrate=20@0-2", day, "hexose")[0] for day in (1.0, 3.0)]
    rest = panel.read("reference", "", "", 1.0, "hexose")[0]
    assert hexose[0] < 0.2 * rest
    assert hexose[1] == pytest.approx(rest, rel=1e-2)


def test_communities_are_what_they_say():
    panel = Panel(HOSTS, SEED)
    share = {guild: f"share_{guild}" for guild in GUILDS}
    assert (panel.read("germ_free", "", "", 7.0, "biomass") == 0).all()
    assert (panel.read("without:akk", "", "", 7.0, share["akk"]) == 0).all()
    assert panel.read("mono:ent", "", "", 7.0, share["ent"]) == pytest.approx(1.0, rel=1e-3)
    assert (panel.read("mono:ent", "", "", 7.0, share["but"]) == 0).all()
    ora = [panel.read(name, "", "", 7.0, share["ora"])[0] for name in ("reference", "cirrhosis")]
    assert ora[1] > 3 * ora[0]


def test_what_both_arms_share_makes_the_person():
    """References are those of the host with the override: the reference community leaves every port at 1."""
    panel = Panel(HOSTS, SEED)
    for port in ("nkt", "mdsc", "priming"):
        value = panel.read("reference", "host.shunt=0.6 host.ba_extraction=0.5", "", 0.01, f"port_{port}")
        assert value == pytest.approx(1.0, abs=0.02), port


def table_text(*rows: dict[str, object]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    plain: dict[str, object] = {"id": "U1", "layer": "own", "use": "test", "readout": "NKT", "published": "up"}
    plain |= {"community": "reference", "perturbed": "blocker.tlr4=1", "day": 7, "variable": "nkt", "sense": 1}
    writer.writerows(plain | {"measure": "level"} | row for row in rows)
    return stream.getvalue()


def test_a_users_table_is_read_in_the_same_columns(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(table_text({}, {"id": "U2", "reason": "no such cell", "variable": "", "day": ""}), "utf-8")
    rows = read_experiments(path)
    assert [row.id for row in rows] == ["U1", "U2"]
    assert run_experiments(rows, hosts=2, seed=1)["verdict"].iloc[1] == "not_expressed"


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"use": "train"}, "use"),
        ({"species": "rat"}, "species"),
        ({"published": "positive"}, "published"),
        ({"community": "mono:yeast"}, "community"),
        ({"community": "sterile"}, "community"),
        ({"perturbed": "no.such.lever=1"}, "perturbed"),
        ({"perturbed": "blocker.tlr4"}, "perturbed"),
        ({"perturbed": "blocker.tlr4=much"}, "perturbed"),
        ({"perturbed": "blocker.tlr4=1@7-3"}, "perturbed"),
        ({"drug": "regimen.aspirin=1"}, "drug"),
        ({"both": "liver=child_pugh_z"}, "both"),
        ({"both": "diet=paleo"}, "both"),
        ({"variable": "no_such_thing"}, "variable"),
        ({"variable": "__import__('os')"}, "variable"),
        ({"variable": ""}, "variable"),
        ({"day": "soon"}, "day"),
        ({"day": "0"}, "day"),
        ({"sense": "2"}, "sense"),
        ({"low": "0.5"}, "low"),
        ({"low": "2", "high": "1"}, "low"),
        ({"measure": "drug_effect"}, "drug"),
        ({"measure": "responder_contrast", "community": "drawn", "perturbed": ""}, "drug"),
        ({"measure": "responder_contrast", "community": "drawn", "drug": "regimen.nivolumab=1"}, "perturbed"),
        ({"measure": "responder_contrast", "perturbed": "", "drug": "regimen.nivolumab=1"}, "community"),
        ({"measure": "level", "community": "drawn"}, "community"),
        ({"measure": "sign"}, "published"),
        ({"variable": "nkt ~ mdsc"}, "variable"),
        ({"id": ""}, "id"),
    ],
)
def test_a_bad_cell_is_named_with_its_row_and_column(tmp_path, cells, column):
    path = tmp_path / "own.csv"
    path.write_text(table_text({}, cells), encoding="utf-8")
    with pytest.raises(InputError) as found:
        read_experiments(path)
    assert {(problem.row, problem.column) for problem in found.value.problems} == {(3, column)}


def test_a_file_without_species_is_read_as_human(tmp_path):
    path = tmp_path / "own.csv"
    lines = [line.split(",") for line in table_text({}).splitlines()]
    at = COLUMNS.index("species")
    path.write_text("\n".join(",".join(cells[:at] + cells[at + 1 :]) for cells in lines), "utf-8")
    assert [row.species for row in read_experiments(path)] == ["human"]


def test_every_problem_of_a_file_is_listed_at_once(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(table_text({"use": "x", "variable": "y"}, {"community": "z"}), encoding="utf-8")
    with pytest.raises(InputError) as found:
        read_experiments(path)
    assert len(found.value.problems) == 3


@pytest.mark.parametrize("text", ["", "id,use\n", ",".join(COLUMNS) + "\n"])
def test_a_file_without_columns_or_rows_is_refused(tmp_path, text):
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_experiments(path)
