"""Interventions by class, tumour and stage with their status, and the gaps between them.

Held: a gap is counted, not asserted: it is a class without any record that meets a stated condition in HCC under
immunotherapy.  Absence here is absence from these records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hepaxis.evidence import vocabulary
from hepaxis.evidence.records import Record, records

#: Classes that act on the microbiota or its products, in the order of the page.
CLASSES = (
    *("fmt", "lbp", "probiotic", "prebiotic", "diet", "bile_acid", "metabolite", "engineered", "phage"),
    *("antibiotic", "acid_suppression", "tcm"),
)
LABELS = {
    "fmt": "faecal microbiota transplant",
    "lbp": "live biotherapeutic product",
    "probiotic": "probiotic",
    "prebiotic": "prebiotic",
    "diet": "diet",
    "bile_acid": "bile acids and their converters",
    "metabolite": "metabolites and their receptors",
    "engineered": "engineered bacteria",
    "phage": "phage",
    "antibiotic": "antibiotic",
    "acid_suppression": "acid suppression",
    "tcm": "traditional Chinese medicine",
}
OPEN = ("registered", "recruiting")
DONE = ("published", "completed", "abstract")


@dataclass(frozen=True)
class Cell:
    """Records of one class in one tumour, stage and status."""

    intervention: str
    tumour: str
    stage: str
    status: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """Something no record shows; ``near``: records that come nearest."""

    id: str
    text: str
    near: tuple[str, ...]


def landscape(tumour: str | None = None, held: Iterable[Record] | None = None) -> tuple[Cell, ...]:
    """Human and animal studies of interventions by class, tumour, stage and status.  Raises InputError."""
    wanted = vocabulary.under("tumour", vocabulary.term("tumour", tumour)) if tumour else None
    cells: dict[tuple[str, str, str, str], list[str]] = {}
    for one in records() if held is None else held:
        if one.kind not in ("intervention", "exposure") or one.intervention not in CLASSES or one.design == "review":
            continue
        for where in one.tumours:
            if wanted is None or where in wanted:
                stage = one.stage if one.species == "human" else one.species
                cells.setdefault((one.intervention, where, stage, one.status), []).append(one.id)
    order = {name: place for place, name in enumerate(CLASSES)}
    keys = sorted(cells, key=lambda key: (order[key[0]], key[1] != "hcc", key[1:]))
    return tuple(Cell(*key, tuple(cells[key])) for key in keys)


def gaps(held: Iterable[Record] | None = None) -> tuple[Gap, ...]:
    """What the records do not show for HCC under immunotherapy, each with the records that come nearest."""
    studies = [one for one in (records() if held is None else held) if one.weight]
    liver = vocabulary.under("tumour", "liver")
    people = [one for one in studies if one.kind == "intervention" and one.species == "human"]
    in_hcc = [one for one in people if liver & set(one.tumours)]
    trials = [one for one in in_hcc if one.design == "randomised" and one.therapy not in ("", "none")]
    found: list[Gap] = []
    if not any(one.status in DONE for one in trials):
        running = tuple(one.id for one in trials if one.status in OPEN)
        text = "no completed randomised trial of a microbiota-directed therapy in HCC under immunotherapy"
        found.append(Gap("randomised_hcc", f"{text}; {len(running)} registered or recruiting", running))
    for name in CLASSES:
        if any(one.intervention == name for one in in_hcc):
            continue
        near = tuple(one.id for one in studies if one.intervention == name and one.kind == "intervention")
        seen = [
            one for one in studies if one.intervention == name and one.kind == "exposure" and liver & set(one.tumours)
        ]
        if seen:
            text = f"{LABELS[name]}: {len(seen)} studies of people with HCC who had it, no trial that changed it"
            found.append(Gap(f"people_{name}", text, tuple(one.id for one in seen)))
        elif near:
            found.append(Gap(f"people_{name}", f"{LABELS[name]}: no study of people with HCC on file", near))
    treated = [
        one for one in studies
        if one.kind == "microbiome" and liver & set(one.tumours) and one.species == "human"
        and one.therapy != "none" and one.design != "review"
    ]  # fmt: skip
    shotgun = [one for one in treated if "shotgun" in one.assay]
    for what, id, held_by in (("stool", "stool_hcc", treated), ("shotgun stool", "shotgun_hcc", shotgun)):
        if held_by:
            sizes = [one.n or 0 for one in held_by]
            told = f"{what} data of HCC under immunotherapy: {len(held_by)} studies, {sum(sizes)} people in all"
            found.append(Gap(id, f"{told}, the largest {max(sizes)}", tuple(one.id for one in held_by)))
    return tuple(found)
