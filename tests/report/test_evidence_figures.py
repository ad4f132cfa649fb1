"""Protects forest and funnel plots: well-formed, in the house's colours, every study and reason on them."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files
from xml.etree import ElementTree

import pytest

from hepaxis.evidence import by_id
from hepaxis.evidence.landscape import landscape as cells_of
from hepaxis.evidence.pooling import answer, question
from hepaxis.report.evidence_figures import RULES, forest, funnel
from hepaxis.report.evidence_landscape import landscape as drawn

LABELS = {id: one.label for id, one in by_id().items()}


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]


def test_the_forest_holds_every_study_its_control_and_what_is_left_out() -> None:
    given = answer(question("antibiotics", "HCC", "OS"))
    told = " | ".join(texts(forest(given, LABELS)))
    for one in (*given.pool.used, *given.control.used, *given.reviews):
        assert LABELS[one.study] in told
    for left in given.pool.left_out:
        assert LABELS[left.effect.study] in told
    for words in ("negative control", "from p value", "Better when exposed", "1.63 (1.17 to 2.28)", "Not pooled"):
        assert words in told


def test_a_retracted_study_is_struck_through() -> None:
    studies = dict(by_id())
    studies["cheung_2021"] = replace(studies["cheung_2021"], status="retracted")
    svg = forest(answer(question("antibiotics", "HCC", "OS"), studies=studies), LABELS)
    struck = [node.text for node in ElementTree.fromstring(svg).iter() if node.get("class") == "x"]
    assert struck == ["Cheung 2021"]
    assert "text-decoration:line-through" in svg


@pytest.mark.parametrize(("exposure", "tumour", "outcome"), [("lbp", "any", "response"), ("udca", "HCC", "OS")])
def test_figures_of_few_and_wide_studies_stay_inside_the_picture(exposure: str, tumour: str, outcome: str) -> None:
    given = answer(question(exposure, tumour, outcome))
    for svg in (forest(given, LABELS), funnel(given, LABELS)):
        root = ElementTree.fromstring(svg)
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        for node in root.iter():
            for key, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width), ("y", height)):
                if node.get(key):
                    assert 0 <= float(str(node.get(key))) <= limit


LETTER = 6.5  # px, a wide mean of 12 px text


@pytest.mark.parametrize(
    "asked", [("antibiotics", "HCC", "OS"), ("antibiotics", "any", "OS"), ("lbp", "any", "response")]
)
def test_no_word_is_cut_off_at_the_right(asked: tuple[str, str, str]) -> None:
    given = answer(question(*asked))
    for svg in (forest(given, LABELS), funnel(given, LABELS)):
        root = ElementTree.fromstring(svg)
        width = float(root.get("width", 0))
        for node in root.iter():
            if node.tag.endswith("text") and not {"e", "m"} & set((node.get("class") or "").split()):
                assert float(node.get("x", 0)) + LETTER * len(node.text or "") <= width, node.text


def test_a_funnel_of_nothing_says_so() -> None:
    given = answer(question("antibiotics", "HCC", "PFS"))
    empty = replace(given, pool=replace(given.pool, used=(), model=None, plain=None, fixed=None))
    assert "nothing to pool" in " ".join(texts(funnel(empty, LABELS)))


def test_colours_are_tokens() -> None:
    css = (files("hepaxis.report") / "style" / "tokens.css").read_text(encoding="utf-8")
    known = set(re.findall(r"--([\w-]+):", css))
    assert set(re.findall(r"var\(--([\w-]+)\)", RULES)) <= known
    assert not re.search(r"#[0-9a-f]{3,6}", RULES)


def test_the_landscape_has_a_mark_a_record_and_says_where_there_is_none() -> None:
    cells = cells_of()
    root = ElementTree.fromstring(drawn(cells))
    marks = [node for node in root.iter() if node.tag.endswith(("circle", "path"))]
    key = 5  # three states, people and animals
    assert len(marks) == sum(len(cell.records) for cell in cells) + key
    told = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert told.count("none") > 0
    assert "faecal microbiota transplant" in told
    width = float(root.get("width", 0))
    assert all(float(node.get("cx", 0)) < width for node in root.iter())
