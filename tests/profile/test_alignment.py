"""Samples and metadata rows are matched by id, and what has no partner is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hepaxis.profile import align, read


def test_order_does_not_matter_and_orphans_are_named() -> None:
    found = align(["B", "A", "C"], ["A", "B", "Z"], file="meta.tsv")
    assert found.pairs.to_dict("list") == {"id": ["A", "B"], "sample": ["A", "B"]}
    assert {p.code for p in found.problems} == {"profile.orphan_rows", "profile.samples_without_row"}


def test_joined_run_ids_match_each_run() -> None:
    """Qin 2014: 237 rows hold 315 run ids joined by ';'."""
    found = align(["ERR1", "ERR2", "ERR3"], ["ERR1;ERR2", "ERR3"])
    assert found.pairs["sample"].to_list() == ["ERR1", "ERR2", "ERR3"]
    assert {p.code for p in found.problems} == {"profile.joined_runs"}


def test_repeated_rows_are_named() -> None:
    assert {p.code for p in align(["A"], ["A", "A"]).problems} == {"profile.duplicate_rows"}


@pytest.mark.shared
def test_gunjur_rows_are_orphans(shared: Callable[[str], Path]) -> None:
    """The 11-cohort metadata lists Gunjur 2024, whose table is not there."""
    metadata = pd.read_csv(shared("data/ici_ogu_11cohorts/meta_data.tsv"), sep="\t")
    mine = metadata[metadata["dataset"].isin(["Frankel_2017", "Gunjur_2024"])]
    profile = read(shared("data/ici_ogu_11cohorts/Frankel_2017_table.tsv.gz"))
    found = align(profile.samples, mine["sampleid"].to_list(), file="meta_data.tsv")
    orphans = next(p for p in found.problems if p.code == "profile.orphan_rows")
    assert orphans.found.startswith(f"{(mine['dataset'] == 'Gunjur_2024').sum()} of {len(mine)} rows")


@pytest.mark.shared
def test_qin_accessions_hold_several_runs(shared: Callable[[str], Path]) -> None:
    table = pd.read_csv(shared("data/cmd4_ici_metadata/QinN_2014_sample.tsv"), sep="\t")
    cells = table["ncbi_accession"].astype(str)
    runs = [r for c in cells for r in c.split(";")]
    found = align(runs, cells.to_list())
    assert (len(table), len(found.pairs)) == (237, 315)
    assert {p.code for p in found.problems} == {"profile.joined_runs", "profile.run_claimed_twice"}
