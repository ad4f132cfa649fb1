"""``hepaxis mimics`` from FASTA to a table: whole outputs, a list of faults, and nothing overwritten unasked."""

from __future__ import annotations

import gzip
import json
from functools import partial

import pytest

pytest.importorskip("numba", reason="numba (extra mimics) is not installed")
pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")

from hepaxis.antigens import find, mimics

PADDING = (
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVVHSLAKWKRQTLGQHDFSAGEGLYTHMKALRPDEDRLSPLHS"
)


@pytest.fixture
def run(hepaxis):
    return partial(hepaxis, "mimics")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "proteomes"
    made.mkdir()
    (made / "Escherichia_coli.faa").write_text(f">a protein\n{PADDING}YMNKFIYEV{PADDING[:50]}\n>b\n{PADDING[::-1]}\n")
    packed = f">a\n{PADDING[5:]}{PADDING[::-2]}\n".encode()
    (made / "Bacteroides_uniformis.faa.gz").write_bytes(gzip.compress(packed))
    return made


@pytest.fixture
def index(run, folder, tmp_path):
    code, out, _ = run("index", folder, tmp_path / "index")
    assert code == 0
    assert out.startswith("2 species, 3 proteins")
    return tmp_path / "index"


def test_search_writes_a_whole_result(run, index, tmp_path):
    out = tmp_path / "out"
    code, said, err = run("search", index, "-o", out, "--hla", "A*02:01,A*24:02", "--permutations", 50)
    assert code == 0
    result = json.loads((out / "mimics.json").read_text())
    assert result["candidates"][0]["candidate"] == "YMNKFIYEV"
    assert "YMNKFIYEV (Escherichia coli" in said
    assert "Candidates by sequence similarity" in said
    assert "SMMPMBEC" in err
    assert (out / "candidates.tsv").read_text().count("\n") == 3 + len(result["candidates"])
    assert sorted(path.name for path in out.iterdir()) == OUTPUTS
    code, _, err = run("search", index, "-o", out, "--hla", "A*02:01")
    assert code == 1
    assert "already there" in err
    assert run("search", index, "-o", out, "--hla", "A*02:01", "--permutations", 5, "--overwrite")[0] == 0


OUTPUTS = ["candidates.tsv", "mimics.json", "report.html"]


def test_the_sample_of_a_patient_is_what_is_searched(run, index, tmp_path):
    patient = tmp_path / "patient"
    patient.mkdir()
    (patient / "patient.yaml").write_text(
        "id: T\nantigens:\n  hla: ['A*02:01']\ntherapy:\n  planned:\n    - {regimen: durvalumab, start_day: 0}\n"
    )
    (patient / "profile.tsv").write_text("taxon\tS1\nEscherichia coli\t30\nFaecalibacterium prausnitzii\t70\n")
    code, _, err = run("search", index, "-o", tmp_path / "o", "--patient", patient, "--permutations", 5)
    assert code == 0
    result = json.loads((tmp_path / "o" / "mimics.json").read_text())
    assert result["gut"]["species"] == ["Escherichia coli"]
    assert result["gut"]["covered"] == pytest.approx(0.3)
    assert result["hla"] == ["HLA-A*02:01"]
    assert "Faecalibacterium" in err


def test_every_molecule_that_cannot_be_used_is_named_and_nothing_is_written(run, index, tmp_path):
    code, _, err = run("search", index, "-o", tmp_path / "o", "--hla", "A2,A*33:03,A*02:01")
    assert code == 1
    assert "'A2' is a serotype" in err
    assert "no model of HLA-A*33:03" in err
    assert not (tmp_path / "o").exists()


def test_an_index_that_is_none_is_an_error(run, tmp_path):
    code, _, err = run("search", tmp_path, "-o", tmp_path / "o")
    assert code == 1
    assert "hepaxis mimics index" in err


def test_antigens_and_molecules_are_listed_with_sources(run):
    code, out, _ = run("antigens")
    assert code == 0
    assert "FMNKFIYEI by HLA-A*02:01" in out
    assert "unverified" in out
    held = json.loads(run("alleles", "--json")[1])
    assert "HLA-A*24:02" in held
    assert "HLA-A*33:03" not in held


def test_a_cohort_is_read_from_results_of_every_species(run, index, tmp_path):
    folders = []
    for number in range(4):
        profile = tmp_path / f"{number}.tsv"
        profile.write_text(f"taxon\tS\nEscherichia coli\t{10 + number}\nBacteroides uniformis\t{40 - number}\n")
        folders.append(tmp_path / f"out{number}")
        words = ("-o", folders[-1], "--profile", profile, "--hla", "A*02:01", "--permutations", 5, "--all-species")
        assert run("search", index, *words)[0] == 0
    code, out, _ = run("cohort", *folders)
    assert code == 0
    assert out.startswith("4 patients")
    assert "not response to treatment" in out
    code, _, err = run("cohort", *folders[:3], tmp_path)
    assert code == 1
    assert "no mimics.json" in err


def test_an_interrupted_search_says_that_it_goes_on_and_leaves_no_result(run, index, tmp_path, monkeypatch):
    real, calls = find.find_group, []

    def stop(*args, **kwargs):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(mimics, "find_group", stop)
    words = ("search", index, "-o", tmp_path / "o", "--hla", "A*02:01,A*24:02", "--permutations", 5)
    code, _, err = run(*words)
    assert code == 4
    assert "run it again to go on" in err
    assert not (tmp_path / "o" / "mimics.json").exists()
    monkeypatch.undo()
