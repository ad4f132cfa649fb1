"""Whatever the file holds: a Profile or an InputError with reasons, in bounded time, and nothing else."""

from __future__ import annotations

import gzip
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepaxis.problems import InputError, Severity
from hepaxis.profile import read, read_functions, sniff, source
from hepaxis.profile.record import PROFILERS, Profile

Write = Callable[..., Path]

SLOWEST = 5.0
"""Seconds for a small garbled file; far above the usual, so that only a hang fails."""

METAPHLAN = (
    "#mpa_vJan21_CHOCOPhlAnSGB_202103\nclade_name\tA\tB\nUNCLASSIFIED\t40.5\t30\n"
    "k__Bacteria|p__F|c__C|o__E|f__L|g__Blautia|s__Blautia_wexlerae|t__SGB4837\t39.5\t50\n"
    "k__Bacteria|p__V|c__V|o__V|f__A|g__Akkermansia|s__Akkermansia_muciniphila|t__SGB9226\t20\t20\n"
)
PLAIN = "id,Akkermansia_muciniphila,Blautia_wexlerae,Roseburia_hominis\nP1,10,20.5,69.5\nP2,40,30,30\n"
KRAKEN = " 10.0\t10\t10\tU\t0\tunclassified\n 90.0\t90\t0\tR\t1\troot\n 90.0\t90\t90\tS\t1\t  Blautia wexlerae\n"
MOTUS = "#consensus_taxonomy\tP1\nBlautia wexlerae [ref_mOTU_v2_0001]\t0.6\n-1\t0.4\n"
BRACKEN = (
    "name\ttaxonomy_id\ttaxonomy_lvl\tkraken_assigned_reads\tadded_reads\tnew_est_reads\tfraction_total_reads\n"
    "Blautia wexlerae\t1\tS\t1\t1\t2\t1\n"
)
BIOM = (
    '{"id": null, "format": "Biological Observation Matrix 1.0.0", "format_url": "x", "type": "OTU table",'
    '"generated_by": "t", "date": "2024-01-01T00:00:00", "matrix_type": "sparse", "matrix_element_type": "int",'
    '"shape": [1, 1], "data": [[0, 0, 5]], "rows": [{"id": "Blautia_wexlerae", "metadata": null}],'
    '"columns": [{"id": "S1", "metadata": null}]}'
)
HUMANN = "# Pathway\tP1_Abundance\nUNMAPPED\t9\nUNINTEGRATED\t5\nPWY-1: x\t1\nPWY-1: x|unclassified\t1\n"
SEEDS = [METAPHLAN, PLAIN, KRAKEN, MOTUS, BRACKEN, BIOM, HUMANN]


def outcome(content: bytes) -> Profile | InputError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        path.write_bytes(content)
        start = time.perf_counter()
        try:
            found: Profile | InputError = read(path)
        except InputError as fault:
            found = fault
        with suppress(InputError):
            read_functions(path)
        assert time.perf_counter() - start < SLOWEST
    return found


def check(found: Profile | InputError) -> None:
    if isinstance(found, InputError):
        assert any(p.severity is Severity.ERROR for p in found.problems)
        assert all(p.found and p.hint and p.file for p in found.problems)
        return
    values = found.abundance.to_numpy()
    assert values.size
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=1e-9)
    assert found.abundance.index.is_unique
    assert found.abundance.columns.is_unique
    assert found.abundance.columns.equals(found.lineages.index)
    assert found.profiler in PROFILERS
    unknown = found.unknown.dropna()
    assert unknown.between(0, 1).all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_random_bytes(content: bytes) -> None:
    check(outcome(content))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abAB01.,;\t\n|_#\"'-%e kdpcofgst", max_size=300))
def test_random_tables(text: str) -> None:
    check(outcome(text.encode()))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_real_shapes_with_damaged_characters(text: str, seed: int, hits: int) -> None:
    rng = random.Random(seed)
    letters = list(text)
    for _ in range(hits):
        at = rng.randrange(len(letters))
        action = rng.randrange(4)
        if action == 0:
            letters[at] = rng.choice('\t\n,;|_#"0-9.xeNA\x00é ')
        elif action == 1:
            letters[at] = ""
        elif action == 2:
            letters[at] = letters[at] * rng.randrange(2, 30)
        else:
            letters = letters[: max(at, 1)]
    check(outcome("".join(letters).encode()))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 10_000))
def test_damaged_gzip(text: str, seed: int) -> None:
    data = bytearray(gzip.compress(text.encode(), mtime=0))
    rng = random.Random(seed)
    data[rng.randrange(2, len(data))] = rng.randrange(256)
    check(outcome(bytes(data[: rng.randrange(3, len(data) + 1)])))


def test_a_table_of_only_unknown_is_an_error(write: Write) -> None:
    """Found by fuzzing: no clade row left, an empty mask was no mask."""
    lost = "#SampleID\tMetaphlan_Analysis\n#clade_name\tNCBI_tax_id\trelative_abundance\nUNKNOWN\t-1\t100.0\n"
    for text in (f"{MOTUS.split(chr(10))[0]}\n-1\t0.4\n", "clade_name\tA\nUNCLASSIFIED\t100.0\n", lost):
        with pytest.raises(InputError) as fault:
            read(write(text))
        assert fault.value.problems[-1].code == "profile.nothing_identified"


def test_a_stray_quote_never_drops_cells_silently(write: Write) -> None:
    """Found by fuzzing: pandas only warns when a quoted cell swallows a line and the next row is too long."""
    text = 'id,Akkermansia_muciniphila,Blautia_wexlerae\nP1,"10,\nP2",20.5,1\nP3,40,60\nP4,"1",99\n'
    with pytest.raises(InputError):
        read(write(text))


@pytest.mark.parametrize("text", SEEDS[:6])
def test_the_seeds_themselves_are_read(text: str) -> None:
    found = outcome(text.encode())
    assert isinstance(found, Profile)
    check(found)


def test_gzip_bomb_is_stopped_at_the_cap(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_EXPANDED_BYTES", 8 * 1024**2)
    with pytest.raises(InputError) as fault:
        read(write(gzip.compress(b"0" * (16 * 1024**2))))
    assert fault.value.problems[0].code == "profile.too_large"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "profile.empty"),
        (b"  \n\n", "profile.empty"),
        (gzip.compress(b"", mtime=0), "profile.empty"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:20], "profile.gzip_damaged"),
        (gzip.compress(gzip.compress(PLAIN.encode(), mtime=0), mtime=0), "profile.gzip_twice"),
        (b"PK\x03\x04....xl/workbook.xml", "profile.archive"),
        (b"PK\x03\x04....uuid/metadata.yaml", "profile.archive"),
        (b"\x00\x01\x02\x03 not text", "profile.binary"),
        (b"# only\n# comments\n", "profile.no_table"),
        (b'{"a": 1}', "profile.unknown_file"),
        (b"clade_name\tA\n", "profile.no_rows"),
    ],
)
def test_unusable_content_is_named(write: Write, content: bytes, code: str) -> None:
    with pytest.raises(InputError) as fault:
        read(write(content))
    assert fault.value.problems[0].code == code


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "none", "profile.unreadable"), (tmp_path, "profile.is_folder")):
        with pytest.raises(InputError) as fault:
            sniff(path)
        assert fault.value.problems[0].code == code


def test_latin1_and_utf16_are_read(write: Write) -> None:
    latin = PLAIN.replace("P1", "Müller").encode("latin-1")
    found = read(write(latin))
    assert "Müller" in found.samples
    assert any(p.code == "profile.encoding" for p in found.problems)
    assert read(write(PLAIN.encode("utf-16"), "b")).samples == ("P1", "P2")
    assert read(write(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(), "c")).samples == ("P1", "P2")
