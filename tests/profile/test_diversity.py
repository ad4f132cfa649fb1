"""Diversity measures against hand values and the Shannon column of Chng 2020."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.profile import alpha_diversity, richness, shannon, simpson

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_hand_values() -> None:
    table = pd.DataFrame([[1.0, 1, 0], [2, 0, 0]], index=["even", "one"])
    assert shannon(table).to_list() == [pytest.approx(np.log(2)), 0.0]
    assert simpson(table).to_list() == [0.5, 0.0]
    assert richness(table).to_list() == [2, 1]


@given(st.lists(st.floats(0.001, 1e6), min_size=2, max_size=30), st.floats(0.001, 1000))
def test_measures_do_not_depend_on_the_scale(values: list[float], factor: float) -> None:
    table = pd.DataFrame([values, [v * factor for v in values]])
    measures = alpha_diversity(table)
    np.testing.assert_allclose(measures.iloc[0], measures.iloc[1], rtol=1e-9, atol=1e-12)
    assert -1e-12 <= measures.loc[0, "shannon"] <= np.log(len(values)) + 1e-9


@pytest.mark.shared
def test_chng2020_shannon_column_reproduces(shared: Callable[[str], Path]) -> None:
    """79 samples of 28 people before, during and after antibiotics: 10.1038/s41559-020-1236-0."""
    book = shared("data/abx_recovery_chng2020/antibiotics.xlsx")
    head, *body = sheet(book, 2)
    published = {(r[head.index("sample_id")], r[head.index("stage")]): float(r[head.index("diversity")]) for r in body}
    computed = {}
    for number in (5, 6):
        names, *rows = sheet(book, number)
        cells = [[float(c or 0) for c in r[4:]] for r in rows]
        keys = [(r[names.index("sample_id")], r[names.index("stage")]) for r in rows]
        computed.update(zip(keys, shannon(pd.DataFrame(cells)).to_list(), strict=True))
    assert set(computed) == set(published)
    assert len(computed) == 79
    for key, value in computed.items():
        assert value == pytest.approx(published[key], rel=0, abs=1e-12)


def sheet(book: Path, number: int) -> list[list[str | None]]:
    """One sheet of a workbook as rows of cells."""
    with zipfile.ZipFile(book) as archive:
        strings = [
            "".join(t.text or "" for t in item.iter(f"{MAIN}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
    rows: list[list[str | None]] = []
    for row in root.iter(f"{MAIN}row"):
        cells: list[str | None] = []
        for cell in row.iter(f"{MAIN}c"):
            letters = re.match(r"[A-Z]+", cell.attrib["r"])
            assert letters is not None
            at = 0
            for letter in letters.group():
                at = at * 26 + ord(letter) - 64
            cells += [None] * (at - len(cells))
            value = cell.find(f"{MAIN}v")
            text = None if value is None else value.text
            cells[at - 1] = strings[int(text)] if cell.attrib.get("t") == "s" and text is not None else text
        rows.append(cells)
    width = max(map(len, rows))
    return [r + [None] * (width - len(r)) for r in rows]
