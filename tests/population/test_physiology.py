"""Human quantities beside the model: every row is accounted for, and inside means inside."""

from __future__ import annotations

import pandas as pd
import pytest

from hepaxis import knowledge
from hepaxis.population import arms
from hepaxis.population.physiology import POINT_FACTOR, physiology, published_range, readings

HOSTS = 4


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return physiology(hosts=HOSTS, seed=5)


def test_every_quantity_is_there_expressed_or_with_a_reason(table):
    assert list(table["id"]) == [record["id"] for record in knowledge.records("quantities")]
    for reading in readings().values():
        assert bool(reading.reason) != bool(reading.variable), reading.quantity
        assert reading.reason or not arms.token_faults(reading.arm)
        assert reading.reason or not arms.variable_faults(reading.variable), reading.quantity


def test_inside_is_between_the_limits_and_everything_expressed_has_a_number(table):
    shown = table[table["inside"].notna()]
    assert shown["predicted"].notna().all()
    for row in shown.itertuples():
        assert row.inside == (row.low <= row.predicted <= row.high), row.id
    assert set(table[table["inside"].isna()]["id"]) == {q for q, reading in readings().items() if reading.reason}


@pytest.mark.parametrize(
    ("row", "low", "high", "basis"),
    [
        ({"value": 2.0, "low": 1.0, "high": 5.0, "sd": 9.0, "sem": None, "n": None}, 1.0, 5.0, "range"),
        ({"value": 2.0, "low": None, "high": None, "sd": 0.5, "sem": None, "n": None}, 1.5, 2.5, "sd"),
        ({"value": 2.0, "low": None, "high": None, "sd": 3.0, "sem": None, "n": None}, 0.0, 5.0, "sd"),
        ({"value": 2.0, "low": None, "high": None, "sd": None, "sem": 0.1, "n": 25}, 1.5, 2.5, "sd"),
        ({"value": 2.0, "low": None, "high": None, "sd": None, "sem": 0.1, "n": None}, 1.8, 2.2, "sem"),
        (
            {"value": 3.0, "low": None, "high": None, "sd": None, "sem": None, "n": None},
            2.0,
            3 * POINT_FACTOR,
            "factor",
        ),
    ],
)
def test_the_published_range_by_what_is_printed(row, low, high, basis):
    assert published_range(row) == (pytest.approx(low), pytest.approx(high), basis)


def test_fasting_and_cirrhosis_are_read_in_their_own_states(table):
    of = table.set_index("id")["predicted"]
    assert of["portal_fasting_butyrate"] < of["autopsy_portal_butyrate"], "a fast makes less"
    assert of["portal_lactulose_peak_acetate"] > of["portal_fasting_acetate"], "a pulse makes more"
    assert of["peripheral_endotoxin_cirrhosis"] > of["peripheral_endotoxin_healthy"]


def test_a_quantity_is_outside_when_the_variable_is_another(monkeypatch):
    """The reading is the model's and not the table's: a wrong unit puts the pool outside."""
    import dataclasses

    wrong = dict(readings())
    wrong["bile_acid_pool"] = dataclasses.replace(wrong["bile_acid_pool"], variable="400*ba_pool")
    monkeypatch.setattr("hepaxis.population.physiology.readings", lambda: wrong)
    row = physiology(hosts=2, seed=5).set_index("id").loc["bile_acid_pool"]
    assert not row["inside"]
