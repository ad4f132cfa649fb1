"""The field table is the one description of the sheet: record, template and table must agree."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.patient import fields, from_text, template
from hepaxis.patient.drugs import antibiotic_classes, drugs
from hepaxis.patient.fields import Field
from hepaxis.patient.quantity import QuantityError, Written, convert, factor, is_plausible, parse
from hepaxis.patient.record import Exposure, Lesion, Patient, Planned, Prior, Scan, Section
from hepaxis.patient.sheet import read_text

LIST_ENTRIES = {
    "exposures[]": Exposure,
    "tumour.lesions[]": Lesion,
    "tumour.lesions[].scans[]": Scan,
    "therapy.planned[]": Planned,
    "therapy.prior[]": Prior,
}
QUANTITIES = [field for field in fields().values() if field.kind == "quantity"]


def model_of(parent: str) -> type[Section]:
    if parent in LIST_ENTRIES:
        return LIST_ENTRIES[parent]
    return type(getattr(Patient(), parent)) if parent else Patient


def test_every_field_of_the_table_is_an_attribute_of_the_record_and_the_reverse() -> None:
    parents = {field.parent for field in fields().values()}
    for parent in parents:
        table = {field.key for field in fields().values() if field.parent == parent}
        record = {info.alias or name for name, info in model_of(parent).model_fields.items()} - {"limits"}
        assert table == record, parent


def test_every_field_has_a_label_and_every_limit_is_ordered_and_sourced() -> None:
    for field in fields().values():
        assert field.label, field.path
        if field.kind in ("quantity", "integer"):
            limits = (field.hard_min, field.plausible_min, field.plausible_max, field.hard_max)
            assert None not in limits, field.path
            assert list(limits) == sorted(limits), field.path  # type: ignore[type-var]
            assert field.source, field.path
            assert field.checked, field.path
        if field.kind in ("choice", "choices"):
            assert field.choices, field.path


def test_no_two_choices_of_a_field_share_a_word() -> None:
    for field in fields().values():
        words = [word for name, others in field.choices for word in (name, *others)]
        assert len(words) == len(set(words)), field.path


NEEDED = (
    "blood.neutrophils blood.platelets liver.inr liver.varices liver.varices_treated liver.endoscopy_day "
    "liver.portal_hypertension liver.ascites liver.encephalopathy liver.recent_encephalopathy liver.cholestasis "
    "liver.bilirubin liver.tips liver.creatinine liver.sodium liver.prior_decompensation safety.liver_transplant "
    "safety.autoimmune_disease safety.active_infection safety.biliary_stent safety.hepatectomy_day "
    "safety.central_line aetiology.hbsag aetiology.hbv_dna aetiology.antiviral aetiology.hcv donor.mdro_tested "
    "donor.mdro_risk donor.ecoli_tested donor.virus_policy exposures[].dose"
)


@pytest.mark.parametrize("path", NEEDED.split())
def test_every_condition_of_a_safety_rule_has_its_field(path: str) -> None:
    assert path in fields()


def test_the_template_is_an_empty_sheet_and_with_every_mark_removed_a_full_one() -> None:
    text = template()
    assert from_text(text) == Patient(id="P001")
    full = "\n".join(line[1:] if re.match(r"#\s*(- )?\w+:", line) else line for line in text.splitlines())
    patient, problems = read_text(full)
    assert patient is not None, problems
    written = {field.path for field in fields().values() if not field.is_container}
    missing = {item.path for item in patient.unknown_fields()} & written
    assert not missing
    assert patient.tumour.lesions[0].scans[0].diameter is not None


@pytest.mark.parametrize("field", QUANTITIES, ids=lambda field: field.path)
def test_every_unit_named_for_a_quantity_is_read_to_the_same_value(field: Field) -> None:
    middle = (field.plausible_min + field.plausible_max) / 2  # type: ignore[operator]
    for unit, scale in field.factors:
        assert factor(field, unit) == pytest.approx(scale)
        assert convert(field, Written(middle / scale, unit)) == pytest.approx(middle)


@given(st.sampled_from(QUANTITIES), st.floats(-1e9, 1e9))
def test_what_is_converted_lies_within_the_hard_limits(field: Field, number: float) -> None:
    inside = field.hard_min <= number <= field.hard_max  # type: ignore[operator]
    if inside:
        assert convert(field, Written(number, field.unit)) == number
    else:
        with pytest.raises(QuantityError, match="cannot be"):
            convert(field, Written(number, field.unit))


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("liver.bilirubin", "1.2 mg/dL", 20.5248),
        ("liver.bilirubin", "20 µmol/L", 20.0),
        ("liver.albumin", "3.9 g/dl", 39.0),
        ("blood.afp", "100 IU/mL", 121.0),
        ("blood.crp", "1 mg/dL", 10.0),
        ("blood.platelets", "135 x10⁹/L", 135.0),
        ("blood.platelets", "135 ×10^9/L", 135.0),
        ("blood.platelets", "135,000".replace(",", "") + " /uL", 135.0),
        ("blood.neutrophils", "4300 cells/mm3", 4.3),
        ("liver.creatinine", "1.0 mg/dL", 88.42),
        ("exposures[].dose", "2 g/day", 2000.0),
        ("tumour.lesions[].diameter", "5.2 cm", 52.0),
    ],
)
def test_common_ways_of_writing_a_laboratory_value(path: str, text: str, value: float) -> None:
    assert convert(fields()[path], parse(text)) == pytest.approx(value)


def test_a_number_without_unit_is_refused_and_the_example_shows_the_likely_unit() -> None:
    with pytest.raises(QuantityError, match=r"has no unit.*'3\.9 g/dL'"):
        convert(fields()["liver.albumin"], parse("3.9"))


def test_an_impossible_value_names_the_unit_under_which_it_would_be_usual() -> None:
    with pytest.raises(QuantityError, match="usual as 38 g/L"):
        convert(fields()["liver.albumin"], parse("38 g/dL"))


def test_a_comma_in_a_number_is_refused_not_guessed() -> None:
    with pytest.raises(QuantityError, match="comma"):
        parse("1,200 ng/mL")


def test_plausible_is_narrower_than_possible() -> None:
    afp = fields()["blood.afp"]
    assert is_plausible(afp, 840)
    assert not is_plausible(afp, 2e6)


def test_drug_names_are_unique_and_every_antibiotic_has_a_class() -> None:
    assert {"cephalosporin_3", "fluoroquinolone", "carbapenem"} <= set(antibiotic_classes())
    kinds = set(fields()["exposures[].kind"].choice_ids)
    for name, row in drugs().items():
        assert row["kind"] in kinds, name
        assert row["class"], name
