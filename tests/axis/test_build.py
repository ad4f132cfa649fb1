"""What is shipped as a model: units, unique names, sourced values, and tables that fit the equations."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import libsbml
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.axis import model as axis_model
from hepaxis.axis.tables import GRADES, HOME, SLOTS
from hepaxis.problems import InputError

SLOT_VALUES = ("clearance", "v1", "q", "v2", "ec50", "albumin_exponent", "weight_exponent")
LESIONS = ("1", "2", "3", "4", "5")
DRUGS = ("fxr", "ido", "ahr", "bai", "tlr4", "tlr2", "tlr5", "il17", "binder")
PLAIN_LEVERS = [
    "antibody.pd1",
    "antibody.ctla4",
    "antibody.vegf",
    "antibody.coinhibitory",
    "antibody.coinhibitory.lag3",
    "antibody.coinhibitory.tim3",
    "antibody.coinhibitory.tigit",
    "antibody.pd1.time_max",
    "antibody.pd1.time_t50",
    "tki.level",
    "tki.dose",
    "tki.daily_dose",
    "tki.elimination",
    "tki.antivegf",
    "tki.growth",
    "tki.kill",
    "local.kill",
    "local.ischaemia",
    "local.dna",
    "local.leak",
    "local.stress",
    "portal.pressure",
    "diet.carbohydrate",
    "diet.inulin",
    "feed.udca",
    "feed.acetate_colonic",
    "feed.butyrate_colonic",
    "feed.butyrate_hepatic",
    "inhibitor.bai",
    "inhibitor.ido1_tdo2",
    "inhibitor.ahr",
    "agonist.fxr",
    "blocker.il17",
    "blocker.tlr4",
    "blocker.tlr2",
    "agonist.tlr5",
    "binder.bile_acid",
    "diet.fat",
    "diet.cholesterol",
    "meal",
    "lactulose",
    "dose.steroid",
    "dose.udca",
    "strain.gut_dose",
    "strain.blood_dose",
    "strain.tumour_dose",
    "strain.growth",
    "strain.clearance",
    "strain.antibiotic",
    "strain.kill_switch",
    "strain.payload.sting",
    "strain.payload.arginine",
    "strain.payload.checkpoint",
    "postbiotic.barrier",
    "steroid",
    "ppi",
    "tumour.kill",
    "antigen.release",
]
PLAIN_INPUTS = [
    "load",
    "carriage.bai",
    "carriage.udca",
    "carriage.indole",
    "carriage.ipa",
    "residual.butyrate",
    "residual.propionate",
    "residual.acetate",
    "residual.dca",
    "residual.udca",
    "residual.indole",
    "residual.ipa",
    "residual.lps",
    "diet.fat",
    "diet.cholesterol",
    "host.shunt",
    "host.ba_extraction",
    "host.ba_synthesis",
    "host.mouse",
    "host.barrier",
    "host.liver_function",
    "host.antigenicity",
    "host.infiltration",
    "host.treg",
    "host.pdl1",
    "host.mdsc",
    "host.nkt",
    "host.compensation",
    "host.lag3",
    "host.tim3",
    "host.tigit",
    "host.weight",
    "host.clearance",
    "host.mimicry",
    "host.cholestasis",
    "host.steatohepatitis",
    "host.glucose_poor",
    "host.ctnnb1",
    "host.b2m",
    "host.jak",
    "host.hypoxia",
    "host.tp53",
    "tumour.volume",
    "tumour.growth",
    "tumour.antigen_loss",
    "tau",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the mechanism files to plant a fault in."""
    return Path(shutil.copytree(HOME, tmp_path / "axis", ignore=shutil.ignore_patterns("__pycache__")))


def plant(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_libsbml_finds_nothing_with_units_on(model):
    document = libsbml.readSBMLFromString(model.sbml)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    assert document.checkConsistency() == 0
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    assert document.getModel().getTimeUnits() == "day"


def test_every_literal_of_the_equations_has_a_unit_so_that_the_check_is_complete(model):
    def bare(node):
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        return (node.isNumber() and not node.isSetUnits()) or any(bare(child) for child in children)

    document = libsbml.readSBMLFromString(model.sbml)  # kept alive: the rules live in it
    rules = document.getModel().getListOfRules()
    assert [rule.getVariable() for rule in rules if bare(rule.getMath())] == []


def test_a_planted_unit_error_is_caught(home):
    old = "net_sensitive := growth_now - kill_sensitive"
    plant(home / "modules" / "60_tumour.ant", old, f"{old}*nkt_turnover")
    with pytest.raises(InputError, match=r"axis\.sbml"):
        axis_model.assemble_model(home)


def test_a_planted_unit_error_in_a_table_is_caught(home):
    plant(home / "modules" / "26_bile_circulation.csv", "ba_transit,0.7,per_day", "ba_transit,0.7,dimensionless")
    with pytest.raises(InputError, match=r"axis\.sbml"):
        axis_model.assemble_model(home)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("modules/30_tryptophan.ant", "hexa := tna_half;  hexa has dimensionless;\n"),
        ("modules/30_tryptophan.ant", "barrier' = fld_half;\n"),
        ("modules/30_tryptophan.csv", "bai_half,0.2,dimensionless,,,assumed,,assumed,,\n"),
        ("modules/30_tryptophan.csv", "hexa,0.2,dimensionless,,,assumed,,assumed,,\n"),
    ],
)
def test_a_name_used_in_two_modules_is_refused(home, file, line):
    with (home / file).open("a") as out:
        out.write(line)
    with pytest.raises(InputError, match=r"axis\.duplicate_name"):
        axis_model.assemble_model(home)


def test_an_undeclared_name_is_refused(home):
    plant(home / "modules" / "50_liver.ant", "liver_turnover*(host", "liver_turnovr*(host")
    with pytest.raises(InputError, match="liver_turnovr"):
        axis_model.assemble_model(home)


def test_all_faults_of_a_table_are_told_together(home):
    table = home / "modules" / "50_liver.csv"
    plant(table, "nkt_turnover,0.1,per_day", "nkt_turnover,fast,")
    plant(table, "lognormal,sd_log=1.0,assumed,,assumed", "lognormal,sd_log=1.0,assumed,,guess")
    with pytest.raises(InputError) as caught:
        axis_model.assemble_model(home)
    assert {p.code for p in caught.value.problems} >= {"axis.value", "axis.no_unit", "axis.grade"}


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (
            "gates.csv",
            "hexa_lps_dc,priming,dc,lps_node,,1,0,",
            "hexa_lps_dc,priming,dc,lps_node,,1,1,",
            "axis.gate_prior_mean",
        ),
        ("gates.csv", "ipa_tpex,expansion,,ipa,", "ipa_tpex,expansion,,ipaa,", "axis.gate_exposure"),
        ("levers.csv", "feed.udca,feed_udca", "feed.udca,feed_udcaa", "axis.levers_target"),
        ("inputs.csv", "load,load", "load,lode", "axis.inputs_target"),
        ("observables.csv", "biomass,", "biomas,", "axis.observables_target"),
        ("heterogeneity.csv", "load,load,", "load,lode,", "axis.heterogeneity_target"),
    ],
)
def test_a_table_that_names_nothing_in_the_model_is_refused(home, file, old, new, code):
    plant(home / file, old, new)
    with pytest.raises(InputError, match=re.escape(code)):
        axis_model.assemble_model(home)


def test_every_value_has_unit_grade_and_source_or_reason(model):
    table = model.parameters
    assert table.index.is_unique
    assert (table["unit"] != "").all()
    assert table["grade"].isin(GRADES).all()
    assert ((table["source"] != "") | (table["note"] != "")).all()
    sourced = table[table["grade"].isin(["human", "animal", "in_vitro"])]
    assert (sourced["source"] != "").all()


def test_every_value_of_a_table_is_used_by_an_equation(model):
    document = libsbml.readSBMLFromString(model.sbml)  # kept alive: the rules live in it
    rules = document.getModel().getListOfRules()
    used = set()
    for rule in rules:
        used |= set(re.findall(r"\w+", libsbml.formulaToL3String(rule.getMath())))
    unused = set(model.parameters.index) - used - set(model.states)
    silent = {f"weight_{g}" for g in model.guilds.index if (model.interaction[g] == 0).all()}  # press nobody
    assert unused == {"antigen_loss", *silent}  # sets the state loss_logit at closure


def test_initial_values_are_rows_marked_as_states(model):
    marked = model.parameters.index[model.parameters["note"].str.startswith("state")]
    assert set(marked) == set(model.states)


def test_levers_are_the_ones_therapy_builds_with(model):
    guilds = list(model.guilds.index)
    slots = [f"antibody.{slot}.{value}" for slot in SLOTS for value in SLOT_VALUES]
    drugs = [f"antibiotic.{slot}" for slot in ("luminal", "systemic")]
    values = ("gut", "blood", "absorbed", "excreted", "inactivation", "small_bowel")
    slots += [f"{drug}.{value}" for drug in drugs for value in values]
    each = [f"{kind}.{g}" for kind in (*(f"{d}.kill" for d in drugs), "donor", "phi", "deplete") for g in guilds]
    each += [f"local.kill.{lesion}" for lesion in LESIONS]
    each += [f"dose.{drug}" for drug in DRUGS]
    assert set(model.levers.index) == {*PLAIN_LEVERS, *slots, *each}
    assert model.levers.index.is_unique
    assert model.levers["target"].isin(model.parameters.index).all()


def test_inputs_are_the_ones_a_patient_brings(model):
    guilds = list(model.guilds.index)
    products = ("acetate", "propionate", "butyrate", "lactate", "succinate", "formate")
    each = [f"{kind}.{g}" for kind in ("niche", "open", "weight") for g in guilds]
    yields = [f"yield.{product}.{g}" for product in products for g in guilds]
    gates = [f"{kind}.{gate}" for kind in ("gate", "ref") for gate in model.gates.index]
    own = [f"lesion.{kind}.{lesion}" for kind in ("share", "offset") for lesion in LESIONS]
    assert set(model.inputs.index) >= {*PLAIN_INPUTS, *each, *yields, *gates, *own}
    assert model.inputs["parameter"].isin(model.parameters.index).all()
    assert model.inputs["unit"].notna().all()


def test_gates_cover_the_ports_and_carry_a_group_and_a_claim(model):
    assert list(model.ports.index) == [
        "priming", "expansion", "killing", "exhaustion", "infiltration", "treg", "mdsc", "nkt", "checkpoint",
        "promotion", "barrier",
    ]  # fmt: skip
    assert len(model.gates) >= 14
    assert model.gates["port"].nunique() >= 8
    assert {"madcam_tr17", "commensal_priming", "fibre_cholestasis", "mimic_precursors"} <= set(model.gates.index)
    assert (model.gates["claim"] != "").all()
    disputed = model.gates["agreement"].str.startswith("disputed")
    assert (model.gates.loc[disputed, "prior_mean"] == 0).all()
    assert (model.gates.loc[disputed, "prior_sd"] == 1).all()
    assert (model.gates.loc[~disputed, "prior_mean"] == 1).all()


def test_gates_cite_only_perturbations_marked_construct(model, shared):
    use = pd.read_csv(shared("facts/perturbations.csv"), dtype=str).set_index("id")["use"]
    cited = {name for cell in model.gates["sources"] for name in re.findall(r"\b[PN]\d{3}\b", cell)}
    assert cited
    assert {name: use[name] for name in cited if use[name] != "construct"} == {}


def test_interaction_rows_stay_below_one_half_so_that_niches_are_positive(model):
    assert (model.interaction.abs().sum(axis=1) < 0.5).all()
    assert (model.interaction.to_numpy().diagonal() == 0).all()


def test_closure_stages_touch_states_of_the_model_and_solve_what_they_do_not_freeze(model):
    assert list(model.closure.index) == ["reference", "niche", "metabolites", "host", "growth"]
    for stage in ("metabolites", "host"):
        row = model.closure.loc[stage]
        assert not set(row["frozen"]) & set(row["solve_for"])
        assert set(row["frozen"]) | set(row["solve_for"]) == set(model.states)


def test_annotations_reach_the_sbml(model):
    document = libsbml.readSBMLFromString(model.sbml)
    element = document.getModel().getParameter("butyrate_colon")
    assert element.getCVTerm(0).getResourceURI(0) == "https://identifiers.org/CHEBI:17968"


def test_build_is_reproducible_and_cached(model):
    again = axis_model.assemble_model(HOME)
    assert again.sbml == model.sbml
    assert again.hash == model.hash
    assert axis.build() is model


def test_counts_by_grade_add_up(model):
    counts = axis.describe()
    assert counts.loc["total", "total"] == len(model.parameters) - len(model.states)
    assert len(axis.gate_table()) == len(model.gates)
