"""The page of candidate mimics: claim, alignments, nulls, warnings and calibration, from ``mimics.json`` alone.

Held here: the order of the sections and the words of the answer.  It estimates nothing; what it shares with other
pages is in ``sheet``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import reading as read
from .figures.mimics import alignment, nulls, score
from .formats import counted, listed_up_to, percent, quantity
from .sheet import printed
from .tables import DataTable

NAVIGATION = (
    ("candidates", "Candidates"),
    ("chance", "Chance"),
    ("antigens", "Antigens"),
    ("safety", "Safety"),
    ("score", "Score"),
)
SURPRISING = 0.05
MOST_NAMED, MOST_HUMAN = 4, 3
HEAD = (
    "Antigen",
    "Molecule",
    "Binding rank",
    "Candidates",
    "Closest (logits)",
    "E",
    "p, permuted",
    "p, decoys",
    "Source",
)
UNEXPECTED = 1.0  # human binders as close by chance; above it a neighbour says nothing
METHOD = (
    "Every peptide of the searched proteomes that the molecule binds is compared; nothing is skipped by a heuristic.",
    "E-value: peptides of this gut as close by chance, from a Markov chain counted in the peptides searched, and from "
    "the antigen with its facing residues in another order; the larger counts.",
    "A claim must hold against permuted antigens and against natural peptides read backwards; the larger p counts.",
    "q: Benjamini-Hochberg over every peptide, molecule and species searched.",
    "A similarity score misses most known cross-reactivity: pairs such as LC13’s, M1/BMLF1 and DMF5’s are too unlike. "
    "That nothing is found does not mean that nothing is there.",
    "Similarity does not say whether a mimic helps or harms: commensal mimics can prime, or tolerise.",
)


def render_mimics(result: Mapping[str, Any]) -> str:
    """The result as one HTML document: no script, no request, style allowed by its hash."""
    listed, targets = result["candidates"], result["targets"]
    context: dict[str, Any] = {
        "result": result,
        "facts": _facts(result),
        "answer": _answer(result),
        "claims": nulls.claims(result["claim"]),
        "alignments": alignment.alignments(listed, targets),
        "counts": nulls.counts(targets),
        "calibration": score.calibration(result["score"]),
        "table": DataTable("every peptide and molecule searched", HEAD, tuple(_target_row(one) for one in targets)),
        "safety": [one for one in targets if one["published_off_targets"] or _close(one)],
        "close": _close,
        "method": METHOD,
        "it": read.Italics(result["gut"]["species"]),
        "bare": read.bare,
        "link": read.link_of,
        "quantity": quantity,
    }
    return printed("mimics.html.j2", NAVIGATION, **context)


def _answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """State, sentence and reasons of the header."""
    claim = result["claim"]
    reasons = [result["statement"]]
    warned = list(dict.fromkeys(one["antigen"] for one in result["targets"] if one["published_off_targets"]))
    if warned:
        reasons.append(f"Human off-targets are published for {listed_up_to(warned, MOST_NAMED)}.")
    if claim["p"] is None:
        return {
            "state": "Not tested",
            "css": "abst",
            "sentence": "No null was run: nothing can be claimed.",
            "reasons": reasons,
        }
    single = sorted({one["antigen"] for one in result["candidates"] if one["q"] is not None and one["q"] <= SURPRISING})
    told = f" Single candidates beyond chance: {listed_up_to(single, MOST_NAMED)}." if single else ""
    p = quantity(claim["p"])
    if claim["p"] <= SURPRISING:
        sentence = f"More candidate mimics than chance gives for these antigens (p = {p}).{told}"
        return {"state": "More than chance", "css": "info", "sentence": sentence, "reasons": reasons}
    sentence = f"No more candidate mimics than chance gives (p = {p}).{told}"
    return {"state": "Chance", "css": "plain", "sentence": sentence, "reasons": reasons}


def _facts(result: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    gut, targets = result["gut"], result["targets"]
    covered = f"{percent(gut['covered'])} of the sample" if gut["source"] != "index" else "no sample: all of the index"
    searched = max((one["searched"] for one in targets), default=0)
    return (
        ("Antigens", counted(len({one["antigen_id"] for one in targets}), "peptide")),
        ("HLA", ", ".join(result["hla"]) if result["hla"] else "not known: presentation not considered"),
        ("Gut", f"{len(gut['species'])} species; {covered}"),
        ("Searched", f"up to {quantity(searched)} peptides a molecule"),
        ("Permutations", f"{result['settings']['permutations']} an antigen, seed {result['settings']['seed']}"),
        ("Human proteome", result["human"]["name"] if result["human"] else "not given"),
    )


def _target_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    best = one.get("best_distance")
    return (
        f"{one['antigen']} {one['peptide']}",
        one["allele"],
        "not predicted" if one["rank"] is None else f"{quantity(one['rank'])}%",
        str(one["hits"]),
        "none" if best is None else f"{best:.2f}",
        "none" if one.get("e_best") is None else quantity(one["e_best"]),
        *(
            "not run" if one.get(f"p_best_{n}") is None else quantity(one[f"p_best_{n}"])
            for n in ("permuted", "decoys")
        ),
        "unverified in part" if one["checked"] in ("recalled", "part_seen") else one["checked"] or one["source"],
    )


def _close(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Human peptides nearer to an antigen than chance explains, closest first."""
    return [row for row in one["human"] if row["expected"] < UNEXPECTED][:MOST_HUMAN]
