"""The assembled model on disk: the same model, by what it is made of, and never a damaged one."""

from __future__ import annotations

import dataclasses
import gzip
import json
import shutil

import pandas as pd
import pytest

from hepaxis.axis import gate_table, kept
from hepaxis.axis import model as axis_model
from hepaxis.axis.tables import HOME


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(kept.ENVIRONMENT, str(tmp_path / "cache"))
    return tmp_path / "cache"


def same(one, other):
    for field in dataclasses.fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b, check_exact=True)
        else:
            assert a == b, field.name


def test_what_is_kept_is_the_model_to_the_bit(cache, model):
    kept.write("one", model)
    same(model, axis_model.AxisModel(**kept.read("one")))


@pytest.fixture
def nothing_shipped(monkeypatch):
    monkeypatch.setattr(kept, "SHIPPED", "nothing")


def test_a_kept_model_is_taken_without_assembling_it(cache, model, monkeypatch, nothing_shipped):
    kept.write(kept.key(kept.sources(HOME)), model)
    monkeypatch.setattr(axis_model, "assemble_model", lambda home: pytest.fail("assembled again"))
    same(model, axis_model.build.__wrapped__())


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b"", lambda b: b.replace(b"butyrate", b"butyrato", 1)])
def test_a_damaged_entry_is_made_again(cache, model, monkeypatch, nothing_shipped, damage):
    name = kept.key(kept.sources(HOME))
    kept.write(name, model)
    path = cache / f"{name}.json"
    path.write_bytes(damage(path.read_bytes()))
    assert kept.read(name) is None
    monkeypatch.setattr(axis_model, "assemble_model", lambda home: model)
    assert axis_model.build.__wrapped__() is model
    assert kept.read(name) is not None
    assert not list(cache.glob("*.part"))


def test_off_keeps_nothing(monkeypatch, model):
    monkeypatch.setenv(kept.ENVIRONMENT, "off")
    assert kept.folder() is None
    kept.write("one", model)
    assert kept.read("one") is None


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path, monkeypatch, model):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(kept.ENVIRONMENT, str(tmp_path / "file" / "cache"))
    kept.write("one", model)
    assert kept.read("one") is None


@pytest.mark.parametrize("file", ["gates.csv", "modules/40_ports.ant", "modules/40_ports.csv", "against.csv"])
def test_a_change_of_any_file_is_another_model(tmp_path, file):
    home = tmp_path / "axis"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("__pycache__"))
    before = kept.sources(home)
    path = home / file
    path.write_text(path.read_text() + "\n")
    assert kept.sources(home) != before


def test_another_version_of_the_tables_of_facts_or_of_a_library_is_another_model(monkeypatch):
    before = kept.key(kept.sources(HOME))
    monkeypatch.setattr(kept, "version", lambda name: "0")
    libraries = kept.key(kept.sources(HOME))
    monkeypatch.setattr(kept.knowledge, "content_hash", lambda: "x")
    assert len({before, libraries, kept.key(kept.sources(HOME))}) == 3


def test_only_the_newest_entries_are_kept(cache, model, monkeypatch):
    monkeypatch.setattr(kept, "MOST_ENTRIES", 2)
    for name in "abcd":
        kept.write(name, model)
    assert len(list(cache.glob("*.json"))) == 2
    assert json.loads((cache / "d.json").read_bytes().partition(b"\n")[2])["hash"] == model.hash


def test_the_shipped_model_is_a_fresh_assembly_to_the_bit(model):
    """Where it is out of date, tests/test_validation_stamp.py says so and nothing here is claimed of it."""
    found = kept.shipped(HOME, kept.sources(HOME))
    if found is not None:
        same(axis_model.assemble_model(HOME), axis_model.AxisModel(**found))
    kept_file = json.loads(gzip.decompress((HOME / kept.SHIPPED).read_bytes()))
    assert set(kept_file["model"]) == {field.name for field in dataclasses.fields(model)}


def test_a_shipped_model_is_taken_without_assembling_or_keeping_it(tmp_path, cache, model, monkeypatch):
    kept.ship(tmp_path, kept.sources(HOME), model)
    monkeypatch.setattr(kept, "SHIPPED", str(tmp_path / kept.SHIPPED))  # an absolute path stands for itself
    monkeypatch.setattr(axis_model, "assemble_model", lambda home: pytest.fail("assembled"))
    same(model, axis_model.build.__wrapped__())
    assert not cache.exists()


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-20], lambda b: b"", lambda b: b"no archive", lambda b: b[:-8] + b[:8]]
)
def test_a_shipped_model_that_is_damaged_or_of_other_sources_is_not_used(tmp_path, model, damage):
    kept.ship(tmp_path, "these", model)
    assert kept.shipped(tmp_path, "those") is None
    path = tmp_path / kept.SHIPPED
    same(model, axis_model.AxisModel(**kept.shipped(tmp_path, "these")))
    path.write_bytes(damage(path.read_bytes()))
    assert kept.shipped(tmp_path, "these") is None


def test_line_ends_are_no_change(tmp_path):
    home = tmp_path / "axis"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("__pycache__"))
    before = kept.sources(home)
    path = home / "gates.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert kept.sources(home) == before


def test_evidence_against_names_gates_and_experiments_that_are_no_test():
    from hepaxis import knowledge

    table = gate_table()
    listed = axis_model.read_table(HOME / "against.csv")
    assert set(listed["gate"]) <= set(table.index)
    for cell in listed["sources"]:
        for id in cell.split():
            assert knowledge.row("perturbations", id)["use"] != "test", id
    assert (table["against"] != "").sum() == len(listed)
