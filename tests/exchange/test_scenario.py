"""A scenario file: every fault at once, and the same numbers as the rooms it is made of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hepaxis.exchange import parse_scenario, prepare, read_scenario, simulate
from hepaxis.exchange.fields import choices, scenario_fields
from hepaxis.exchange.run import column_table, spelled, summary, trajectories
from hepaxis.exchange.template import scenario_template
from hepaxis.population import engine_model
from hepaxis.problems import InputError

PLAIN = "name: plain\ndays: 30\n"


def faults(text: str, folder: Path = Path()) -> str:
    with pytest.raises(InputError) as told:
        parse_scenario(text, folder=folder)
    assert all(problem.row and problem.column and problem.hint for problem in told.value.problems)
    return str(told.value)


def test_a_name_and_days_are_enough():
    scenario = parse_scenario(PLAIN)
    assert (scenario.community, scenario.people, scenario.gates, scenario.growth) == ("reference", 1, {}, "own")
    assert scenario.every == 7
    assert "tumour_diameter" in scenario.observe


def test_all_faults_are_told_at_once_with_row_field_and_what_to_do():
    told = faults(
        "name: bad\ndayz: 3\nevery: -1\ncommunity: mono:but2\npeople: {n: 0}\n"
        "host: {liver: child, host.treg: x, host.tregg: 1}\ngates: {butyrate_barier: 0}\n"
        "regimens: [{id: durvalumabb}, {id: durvalumab, day: x}]\nantibiotics: [{class: vanco, from: 3, to: 1}]\n"
        "levers: [{lever: antibody.pd1, value: 3}, {lever: steroid, value: 1, days: 3}]\n"
        "observe: [tumor_diameter, effectors/, import]\n"
    )
    for what in (
        "row 1 column 'days': no 'days'",
        "row 2 column 'dayz': no field 'dayz'. did you mean days",
        "row 3 column 'every': '-1'. give a number above 0",
        "'mono:but2'. best matches are mono:but",
        "row 5 column 'n': '0'",
        "column 'liver': 'child'. best matches are child_pugh",
        "column 'host.treg': 'x'",
        "no 'host.tregg' under host. best matches are host.treg",
        "no 'butyrate_barier' under gates. best matches are butyrate_barrier",
        "'durvalumabb'. best matches are durvalumab",
        "'vanco'. best matches are vancomycin_oral",
        "antibody.pd1 is given in doses",
        "steroid is held",
        "no variable tumor_diameter. best matches are tumour_diameter",
        "'effectors/' cannot be read",
    ):
        assert what in told, what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (PLAIN + "regimens: [{id: durvalumab, day: 30}]", "day 30 is not before the end"),
        (PLAIN + "donors: [{profile: healthy_donor, amount: 0.03, days: [1, 40]}]", "day 40 is not before the end"),
        (PLAIN + "antibiotics: [{class: rifaximin, from: 5, to: 5}]", "ends on day 5, begins on day 5"),
        (
            PLAIN + "levers: [{lever: ppi, value: 1, to: 9}, {lever: ppi, value: 1, from: 8}]",
            "ppi is held twice at once",
        ),
        (PLAIN + "diets: [{name: western}]\nlevers: [{lever: diet.carbohydrate, value: 9}]", "held twice at once"),
        (PLAIN + "community: {profile: none.tsv}", "no file none.tsv"),
        (PLAIN + "people: many", "neither 'typical' nor n: and seed:"),
        (PLAIN + "regimens: durvalumab", "not a list"),
        (PLAIN + "observe: []\nhost: [1]", "not values by name"),
        (PLAIN + "growth: fast", "'fast'"),
        ("name: long\ndays: 4000", "at most 3650"),
    ],
)
def test_faults(text, what):
    assert what in faults(text)


def test_faults_of_the_yaml_speak_of_a_scenario():
    for text in ("", "a: [", "name: x\nname: y", "- 1"):
        with pytest.raises(InputError) as told:
            parse_scenario(text)
        assert all(problem.code.startswith("scenario.") for problem in told.value.problems)
        assert "sheet" not in str(told.value)


def test_a_lever_held_by_a_component_and_a_course_is_refused():
    text = PLAIN + "arms: [{id: fibre}]\nlevers: [{lever: diet.carbohydrate, value: 300, from: 2, to: 9}]"
    with pytest.raises(InputError, match=r"diet\.carbohydrate is held by two parts"):
        prepare(parse_scenario(text))


def test_the_template_and_its_commented_fields_are_a_scenario():
    text = scenario_template()
    assert parse_scenario(text).name
    written = {line.lstrip("#").split(":")[0] for line in text.split("\n")}
    assert {field.name for field in scenario_fields() if not field.section} <= written


@pytest.mark.parametrize("name", ["vancomycin_then_fmt", "high_fibre", "tace_then_stride"])
def test_shipped_examples_are_read(root, name):
    assert read_scenario(root / "examples" / "scenarios" / f"{name}.yaml").observe


def test_every_kind_of_word_is_offered():
    for kind in ("regimen", "arm", "antibiotic", "donor", "diet", "lever", "community", "growth", "liver"):
        assert choices(kind)
    assert not choices("number")


def test_a_scenario_runs_and_its_tables_say_their_units(setting):
    outcome = simulate(setting)
    assert not outcome.failed
    table = trajectories(outcome)
    assert list(table.columns) == ["person", "day", *setting.scenario.observe]
    assert table["day"].tolist() == setting.times.tolist()
    assert table["day"].iloc[0] == -4.0
    assert np.isfinite(table.to_numpy()).all()
    units = column_table(outcome).set_index("column")["unit"]
    assert (units["tumour_diameter"], units["effectors/treg"]) == ("mm", "")
    shown = summary(outcome)
    before, after = table.set_index("day")["share_bac"].loc[[-4.0, 0.0]]
    assert after < 0.5 * before  # vancomycin
    assert shown.at["donor_share", "highest"] > 0.01
    sizes = table.set_index("day")["tumour_diameter"]
    assert sizes.loc[15.0] < 0.9 * sizes.loc[10.0]  # what the local treatment left


def test_an_untreated_tumour_has_its_stated_volume_on_day_0():
    text = PLAIN + "host: {tumour.volume: 40}\nparameters: {antibiotic_half: 1e9}\n"
    early = text + "antibiotics: [{class: vancomycin_oral, from: -14, to: -13}]\n"
    now, before = prepare(parse_scenario(text)), prepare(parse_scenario(early))
    assert (now.start, before.start) == (0.0, -14.0)
    volume = engine_model().states.index("tumour_volume")
    assert now.closed.states[0, volume] == pytest.approx(40)
    scenario = dataclasses.replace(before.scenario, observe=("tumour_volume",))
    grown = simulate(
        dataclasses.replace(before, scenario=scenario, variables=("tumour_volume",), times=np.array([-14.0, 0.0]))
    )
    assert grown.values["tumour_volume"][0, 1] == pytest.approx(40, rel=0.01)


def test_gates_off_and_another_gut_are_seen():
    def state(extra: str) -> float:
        return float(prepare(parse_scenario(PLAIN + extra)).closed.parameters["kill_rest"].iloc[0])

    usual = state("")
    assert state("community: cirrhosis") != pytest.approx(usual, rel=1e-3)
    assert state("community: cirrhosis\ngates: off") == pytest.approx(state("gates: off"), rel=1e-6)
    assert state("community: cirrhosis\ngrowth: reference") == pytest.approx(usual, rel=1e-9)
    assert state("community: cirrhosis\ntau: 0") == pytest.approx(state("gates: off"), rel=1e-6)


def test_a_profile_is_the_community(root):
    folder = root / "examples" / "viral_antibiotic"
    text = PLAIN + "community: {profile: merged_abundance.tsv}\nobserve: [share_bac]\n"
    setting = prepare(parse_scenario(text, folder=folder))
    assert setting.closed.ok.all()
    with pytest.raises(InputError, match="no sample 'nobody'"):
        prepare(parse_scenario(text.replace("}", ", sample: nobody}"), folder=folder))


def test_units_are_spelled_for_people():
    assert [spelled(u) for u in ("mmol_per_L", "per_day", "dimensionless", "Mcell_per_mL_day", "litre_", "mm")] == [
        "mmol/L", "1/day", "", "Mcell/mL/day", "litre", "mm",
    ]  # fmt: skip
