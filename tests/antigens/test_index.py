"""An index is whole or not there, holds every residue, and says what is wrong with a file."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from hepaxis.antigens import index as indexing
from hepaxis.antigens.alphabet import LENGTHS, decode
from hepaxis.antigens.index import build_index, count_kmers, in_memory, index_hash, open_index
from hepaxis.antigens.proteomes import Protein, read_fasta
from hepaxis.antigens.search import kmers_at
from hepaxis.problems import InputError


def test_every_kmer_of_every_protein_is_in_the_index(fasta_folder, tmp_path):
    species, problems = build_index(fasta_folder, tmp_path / "index")
    assert not problems
    assert [one.name for one in species] == ["Akkermansia muciniphila", "Bacteroides uniformis", "Escherichia coli"]
    for one in species:
        path = next(p for p in fasta_folder.iterdir() if p.name.startswith(one.name.replace(" ", "_")))
        proteins, _ = read_fasta(path)
        for length in LENGTHS:
            columns = one.columns(length)
            whole = np.flatnonzero(np.logical_and.reduce([column < 8000 for column in columns]))
            got = sorted(decode(row) for row in kmers_at(columns, whole, length))
            assert got == sorted(
                p.sequence[i : i + length] for p in proteins for i in range(len(p.sequence) - length + 1)
            )
            assert one.kmers(length) == len(got)
        first = proteins[-1]
        at = int(one.starts[-1])
        assert one.protein_at(at + 4) == (first.identifier, first.description, 5)
        assert one.stretch(at + 20, 15, 24) == (first.sequence[5:44], 15)
        assert one.stretch(at + 2, 15, 24) == (first.sequence[:26], 2)


def test_codes_are_memory_mapped_and_two_bytes_a_residue(fasta_folder, tmp_path):
    species, _ = build_index(fasta_folder, tmp_path / "index")
    for one in species:
        assert isinstance(one.codes, np.memmap)
        assert one.codes.dtype == np.uint16
        assert len(one.codes) == one.residues + one.proteins


def test_a_stopped_build_leaves_whole_species_and_goes_on(fasta_folder, tmp_path, monkeypatch):
    real, calls = np.save, []

    def stop(path, array):
        calls.append(path)
        if len(calls) == 4:
            raise KeyboardInterrupt
        real(path, array)

    monkeypatch.setattr(indexing.np, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        build_index(fasta_folder, tmp_path / "index")
    monkeypatch.undo()
    assert [one.name for one in open_index(tmp_path / "index")] == ["Akkermansia muciniphila"]
    assert not list((tmp_path / "index").glob(".part*"))
    said: list[str] = []
    species, _ = build_index(fasta_folder, tmp_path / "index", say=said.append)
    assert [line.endswith("kept") for line in said] == [True, False, False]
    assert index_hash(species) == index_hash(build_index(fasta_folder, tmp_path / "other")[0])


def test_a_changed_proteome_is_indexed_again(fasta_folder, tmp_path):
    before, _ = build_index(fasta_folder, tmp_path / "index")
    path = fasta_folder / "Escherichia_coli.faa"
    path.write_text(path.read_text() + ">new\nMKVLATTTTTTTTTTW\n")
    after, _ = build_index(fasta_folder, tmp_path / "index")
    assert after[2].proteins == before[2].proteins + 1
    assert index_hash(before) != index_hash(after)


def test_letters_that_are_no_amino_acid_end_a_peptide():
    one = in_memory("s", [Protein("a", "", "ACDEFGHIKXLMNPQRSTV"), Protein("b", "", "ACDEFGHI")])
    assert count_kmers([one]) == {8: 2 + 2 + 1, 9: 1 + 1, 10: 0, 11: 0}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("E.faa", b"MKV\n", "proteome.not_fasta"),
        ("E.faa", b"", "proteome.no_protein"),
        ("E.faa", b">a\nACGTACGTACGTACGTACGTACGTNNACGT\n", "proteome.nucleotides"),
        ("E.faa.gz", gzip.compress(b">a\nMKV\n" * 50)[:-20], "proteome.unreadable"),
        ("E.faa", ">ä\nMKV\n".encode("latin-1"), "proteome.unreadable"),
    ],
)
def test_a_file_that_is_no_proteome_is_named_and_the_others_are_indexed(tmp_path, name, content, code):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(content)
    (folder / "Good.faa").write_text(">a\nMKVLAWWWWWWPPPP\n")
    with pytest.raises(InputError) as fault:
        build_index(folder, tmp_path / "index")
    assert [problem.code for problem in fault.value.problems] == [code]
    assert fault.value.problems[0].file.endswith(name)
    assert [one.name for one in open_index(tmp_path / "index")] == ["Good"]


def test_one_species_twice_or_no_fasta_is_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(InputError, match="no FASTA"):
        build_index(folder, tmp_path / "index")
    for name in ("E_coli.faa", "E_coli.fasta"):
        (folder / name).write_text(">a\nMKV\n")
    with pytest.raises(InputError, match="twice"):
        build_index(folder, tmp_path / "index")


def test_an_index_of_another_version_or_a_damaged_one_is_refused(fasta_folder, tmp_path):
    species, _ = build_index(fasta_folder, tmp_path / "index")
    record = species[0].folder / "species.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"layout": 0}))
    (species[1].folder / "codes.npy").unlink()
    with pytest.raises(InputError) as fault:
        open_index(tmp_path / "index")
    assert len(fault.value.problems) == 2
    with pytest.raises(InputError, match="no proteome index"):
        open_index(tmp_path / "nothing")


def test_odd_records_are_warned_of(tmp_path):
    path = tmp_path / "a.faa"
    path.write_text(">a x y\nmkv*\n>a\nMKV\n>b\n")
    proteins, problems = read_fasta(path)
    assert [(p.identifier, p.description, p.sequence) for p in proteins] == [("a", "x y", "MKV"), ("a", "", "MKV")]
    assert [problem.code for problem in problems] == ["proteome.doubled", "proteome.no_sequence"]
