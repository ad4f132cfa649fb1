"""Low-biomass samples show reagent genera in front and are named; stool is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hepaxis.profile import read
from hepaxis.profile.reagents import reagent_share


def test_reagent_dominated_sample_is_named_and_kept(write: Callable[..., Path]) -> None:
    text = "id,Pseudomonas,Flavobacterium,Bacteroides,Blautia\nblood,60,20.5,9.5,10\nstool,0.5,0,59.5,40\n"
    found = read(write(text))
    assert found.samples == ("blood", "stool")
    named = next(p for p in found.problems if p.code == "profile.low_biomass")
    assert "blood: 80%" in named.found
    assert "stool" not in named.found.split("(")[1]


@pytest.mark.shared
def test_blood_and_liver_of_hcc_patients_are_told_from_stool(shared: Callable[[str], Path]) -> None:
    """Waschina 2022: 118 stool, 83 blood, 58 liver samples in one ASV table."""
    found = read(shared("data/hcc_16s_waschina2022/asv_tab.tsv.gz"))
    kinds = pd.read_csv(shared("data/hcc_16s_waschina2022/samples_16S_DNA.csv"), dtype=str).set_index("sample")
    share = reagent_share(found)
    kind = kinds["Sample_type"].reindex(share.index)
    stool = kind.isin(["faeces", "feces", "stool", "fecal", "faecal"])
    other = kind.notna() & ~stool
    assert stool.sum() > 100
    assert (share[stool] > 0.2).mean() < 0.05
    assert (share[other] > 0.2).mean() > 0.8
