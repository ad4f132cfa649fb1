"""Named diets: one table, every reader of it, and each diet moving the gut the way its source says."""

from __future__ import annotations

import pytest

from hepaxis import axis
from hepaxis.exchange import fields, parse_scenario, prepare
from hepaxis.patient.fields import fields as sheet_fields
from hepaxis.population.arms import resting, token_faults, tokens
from hepaxis.population.closure import engine_model
from hepaxis.population.diets import HABITUAL, diet_effects, diet_table, diets
from hepaxis.population.panel import Panel
from hepaxis.population.physiology import named_diets
from hepaxis.problems import InputError

NAMES = ("habitual", "perioperative_fast", "high_fibre", "western", "ketogenic")
PLAIN = "name: diet\ndays: 10\n"


@pytest.fixture(scope="module")
def eaten():
    return named_diets(hosts=3, seed=5)


def test_the_table_is_whole_and_speaks_of_inputs_of_the_model():
    inputs = axis.build().inputs
    assert tuple(diets()) == NAMES
    assert len({tuple(one) for one in diets().values()}) == 1, "every diet says something of every input"
    for row in diet_table():
        assert row["unit"] == inputs.at[row["input"], "unit"]
        assert row["source"]
        assert row["grade"] in ("human", "calibrated", "assumed")


def test_the_habitual_diet_is_the_model_without_a_diet():
    inputs = axis.build().inputs
    defaults = engine_model().default_parameters
    assert {inputs.at[name, "parameter"]: value for name, value in diets()[HABITUAL].items()} == {
        parameter: defaults[parameter] for parameter in ("diet_carbohydrate", "diet_fat", "diet_cholesterol")
    }


def test_every_reader_knows_the_same_diets():
    assert {name for name, _ in sheet_fields()["gut.diet"].choices} == set(NAMES)
    assert fields.choices("diet") == NAMES
    assert not [fault for name in NAMES for fault in token_faults(f"diet={name}")]
    assert resting(tokens("diet=western")) == diets()["western"]


@pytest.mark.parametrize("diet", [name for name in NAMES if name != HABITUAL])
def test_each_diet_moves_the_gut_as_its_source_says(eaten, diet):
    mine = eaten[eaten["diet"] == diet]
    assert mine["right"].sum() >= 2, mine[["variable", "habitual", "predicted", "published"]]


def test_what_the_diets_do_not_reproduce_is_told_and_nothing_else(eaten):
    """Fat below the habitual level is not on the scale, so bile acids do not fall on a high-fibre diet."""
    assert len(eaten) == len(diet_effects())
    wrong = eaten.loc[~eaten["right"], ["diet", "variable"]].to_numpy().tolist()
    assert wrong == [["high_fibre", "col_dca"]]


def test_cholesterol_is_read_in_mice_only():
    people, mice = Panel(2, 5), Panel(2, 5, species="mouse")
    arms = ("", "input.diet.cholesterol=1")
    same, more = ([panel.read("reference", "", arm, 1.0, "ba_pool") for arm in arms] for panel in (people, mice))
    assert same[0] == pytest.approx(same[1], rel=1e-9)
    assert (more[1] > 1.05 * more[0]).all()


@pytest.mark.parametrize("text", ["diet: paleo", "diets: [{name: paleo, from: 1}]"])
def test_an_unknown_diet_is_told_with_the_known_ones(text):
    with pytest.raises(InputError) as told:
        parse_scenario(PLAIN + text)
    (problem,) = told.value.problems
    assert "paleo" in problem.found
    assert all(name in problem.hint for name in NAMES)


def test_a_diet_for_some_days_sets_all_of_it_and_is_eaten_up_after():
    setting = prepare(parse_scenario(PLAIN + "diet: western\ndiets: [{name: ketogenic, from: 2, to: 5}]"))
    rows = setting.protocol
    for name, parameter in (("diet.carbohydrate", "diet_carbohydrate"), ("diet.fat", "diet_fat")):
        steps = rows.loc[rows["target"] == parameter, ["time", "amount"]].to_numpy().tolist()
        assert steps == [[2.0, diets()["ketogenic"][name]], [5.0, diets()["western"][name]]]
        assert (setting.closed.parameters[parameter] == diets()["western"][name]).all()


def test_two_diets_at_once_are_refused_once_a_lever():
    with pytest.raises(InputError) as told:
        parse_scenario(PLAIN + "diets: [{name: ketogenic}, {name: western, from: 3}]")
    assert {problem.found.split()[0] for problem in told.value.problems} == set(diets()[HABITUAL])


@pytest.mark.parametrize(
    "text", ["antibiotics: [{class: fluconazole}]", "arms: [{id: nystatin}]", "levers: [{lever: antifungal, value: 1}]"]
)
def test_a_drug_against_fungi_is_answered(text):
    with pytest.raises(InputError, match="the model holds no fungi"):
        parse_scenario(PLAIN + text)
    ((_, hint),) = token_faults("antibiotic.fluconazole=200")
    assert "the model holds no fungi" in hint
