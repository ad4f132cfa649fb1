"""The page of candidate mimics: whole, offline, chance called chance, alignments and nulls drawn, input escaped."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

from parsed import Page

from hepaxis.report.mimics_page import render_mimics
from hepaxis.report.sheet import STATEMENT

SECTIONS = ["candidates", "chance", "antigens", "safety", "score", "limits"]
PEPTIDE, MIMIC = "FMNKFIYEI", "YMNKFIYEV"


def target(**changed: Any) -> dict[str, Any]:
    grid = [float(i) for i in range(1, 41)]
    return {
        "antigen_id": "afp_158", "antigen": "AFP", "kind": "taa", "peptide": PEPTIDE, "allele": "HLA-A*02:01",
        "rank": 0.02, "reported": True, "source": "doi:10.1/x", "checked": "seen", "searched": 2000,
        "binders_only": True, "cutoff": 40.0, "weights": [2.2, 0, 7.9, 9.2, 9.6, 3.9, 5.6, 7.1, 0], "hits": 7,
        "best_distance": 1.5, "e_best": 0.001, "p_best_permuted": 0.005, "p_best_decoys": 0.01,
        "curve": {"distance": grid, "found": grid, "markov": grid, "permuted": grid},
        "human": [{"peptide": "HMNKFIYEL", "protein": "P1 x", "distance": 2.0, "expected": 0.2, "rank": 1}],
        "published_off_targets": [],
        **changed,
    }  # fmt: skip


def candidate(**changed: Any) -> dict[str, Any]:
    return {
        "antigen_id": "afp_158", "antigen": "AFP", "peptide": PEPTIDE, "allele": "HLA-A*02:01", "rank": 0.02,
        "species": "Escherichia coli", "share": 0.1, "protein": "p7", "description": "", "start": 31,
        "candidate": MIMIC, "candidate_rank": 0.1, "distance": 1.5, "mismatches": 2, "facing_mismatches": 1,
        "p_low": 0.02, "p_median": 0.1, "p_high": 0.3, "e_markov": 0.001, "e_permuted": 0.0, "e_value": 0.005,
        "q": 0.01, "tests": 40, "species_with_it": 1, "flank_identity": None, "human_as_close": None, "in_human": None,
        **changed,
    }  # fmt: skip


def null(p: float) -> dict[str, Any]:
    return {
        "of": "surprise", "observed": 9.0, "median": 5.0, "low": 2.0, "high": 9.5, "p": p, "draws": 200,
        "quantiles": [i / 10 for i in range(101)],
    }  # fmt: skip


def result(p: float | None = 0.3, **changed: Any) -> dict[str, Any]:
    auroc = {"mean": 0.77, "low": 0.73, "high": 0.8, "worst": 0.55, "best": 0.92}
    reliability = [{"low": 1, "high": 2, "n": 900, "distance": 1.5, "predicted": 0.6, "measured": 0.55}]
    return {
        "schema": 1, "hepaxis": "0.1.0", "statement": "Candidates, not evidence.", "left_out": ["x"], "notes": ["note"],
        "settings": {"permutations": 200, "seed": 1}, "hla": ["HLA-A*02:01"], "human": {"name": "human.faa"},
        "gut": {"source": "sample S", "covered": 0.8, "index": "a" * 64, "species": ["Escherichia coli"]},
        "score": {"ceiling": {"mean": 0.17}, "held_out": {"auroc": {"facing": auroc}, "reliability": reliability}},
        "claim": {"antigens": 1, "p": p, "permuted": p and null(p / 2), "decoys": p and null(p)},
        "targets": [target()], "candidates": [candidate()],
        **changed,
    }  # fmt: skip


@cache
def html(p: float | None = 0.3) -> str:
    return render_mimics(result(p))


def test_the_page_is_whole_labelled_and_asks_for_nothing() -> None:
    page = Page(html())
    assert page.problems == []
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert [s for s in SECTIONS if s not in ids] == []
    assert STATEMENT in page.text
    assert "<script" not in html()
    assert not re.search(r"<(?:link|img|iframe)\b|style=", html())


def test_chance_is_called_chance_and_an_excess_an_excess() -> None:
    assert "No more candidate mimics than chance gives (p = 0.3)" in html(0.3)
    assert "More candidate mimics than chance gives for these antigens (p = 0.01)" in html(0.01)
    assert "nothing can be claimed" in html(None)
    assert "Candidates, not evidence." in html(0.01)


def test_the_alignment_shows_both_peptides_and_tells_anchors_from_the_face() -> None:
    picture = re.search(r'<svg class="h5".*?</svg>', html(), re.DOTALL)
    assert picture is not None
    letters = re.findall(r"<text[^>]*>(\w)</text>", picture[0])
    assert "".join(letters[::2]) == PEPTIDE
    assert "".join(letters[1::2]) == MIMIC
    assert picture[0].count("f-exposure-2") == 2
    assert picture[0].count('class="mk"') == sum(a == b for a, b in zip(PEPTIDE, MIMIC, strict=True))
    assert f"{PEPTIDE} of AFP above {MIMIC} of Escherichia coli: 7 residues equal." in picture[0]


def test_what_speaks_against_a_candidate_is_said_beside_it() -> None:
    changed = result(candidates=[candidate(in_human=False, human_as_close="HMNKFIYEL", flank_identity=0.6)])
    text = Page(render_mimics(changed)).text
    assert "Human HMNKFIYEL is as close" in text
    assert "homologous around it (conserved)" in text


def test_published_off_targets_and_near_human_peptides_stand_in_the_safety_section() -> None:
    row = {"human_peptide": "ESDPIVAQY", "human_protein": "TTN", "label": "positive", "note": "two patients died"}
    far = {"peptide": "QQQQQQQQQ", "protein": "P2", "distance": 9.0, "expected": 30.0, "rank": 2}
    changed = result(targets=[target(published_off_targets=[row], human=[*target()["human"], far])])
    text = Page(render_mimics(changed)).text
    assert "ESDPIVAQY" in text
    assert "two patients died" in text
    assert "HMNKFIYEL" in text
    assert "QQQQQQQQQ" not in text
    none = Page(render_mimics(result(human=None, targets=[target(human=[])]))).text
    assert "no human proteome was given" in none


def test_nulls_and_calibration_are_drawn_with_their_numbers() -> None:
    text = Page(html()).text
    for words in ("Against natural peptides", "Against permuted antigens", "Markov chain", "AUROC 0.77 (0.73 to 0.80)"):
        assert words in text


def test_names_from_files_are_escaped() -> None:
    changed = copy.deepcopy(result())
    changed["candidates"][0]["species"] = "<b>x</b>"
    changed["candidates"][0]["protein"] = "</svg><script>1</script>"
    changed["targets"][0]["antigen"] = "<i>A</i>"
    page = render_mimics(changed)
    assert "<script>" not in page
    assert "<b>x</b>" not in page
    assert "<i>A</i>" not in page


def test_a_result_without_a_candidate_or_a_null_is_still_a_page() -> None:
    bare = target(hits=0, best_distance=None, e_best=None, p_best_permuted=None, p_best_decoys=None, rank=None)
    page = Page(render_mimics(result(None, targets=[bare], candidates=[], hla=None, human=None, left_out=[])))
    assert page.problems == []
    assert "No peptide lies within the cut-offs." in page.text
