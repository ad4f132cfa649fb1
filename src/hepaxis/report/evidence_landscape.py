"""The landscape of interventions as one SVG: classes down, tumours across, a mark a record.

Held: the mark tells how far a study has come (shape) and in whom (people in the gut's colour, animals in that of
exposures); what stands in HCC comes first.  Takes cells, computes none.
"""

from __future__ import annotations

from collections.abc import Sequence

from hepaxis.evidence import vocabulary
from hepaxis.evidence.landscape import CLASSES, DONE, LABELS, OPEN, Cell

from .evidence_figures import page, text

ANIMALS = ("mouse", "rat", "in_vitro")
#: Columns: heading and the term that takes in what lies under it; the last takes what is left.
COLUMNS = (
    ("HCC, liver", "liver"),
    ("cirrhosis", "cirrhosis"),
    ("melanoma", "melanoma"),
    ("kidney", "rcc"),
    ("lung", "nsclc"),
    ("other or several", ""),
)
LEFT, TOP, COLUMN, LINE, STEP, PER_LINE = 260, 84, 150, 18, 17, 8
MARKS = ("published", "open", "ended")
WORDS = {"published": "published or completed", "open": "registered or recruiting", "ended": "stopped, withdrawn, idea"}


def landscape(cells: Sequence[Cell]) -> str:
    """SVG text of the cells of ``evidence.landscape``."""
    held = {name: [_of(cells, name, place) for place in range(len(COLUMNS))] for name in CLASSES}
    width = LEFT + COLUMN * len(COLUMNS) + 14
    body = [text(14, 24, "Interventions on the gut by class and tumour: a mark a record", "b"), *_key()]
    body += [text(LEFT + COLUMN * place, TOP - 14, words, "b") for place, (words, _) in enumerate(COLUMNS)]
    y: float = TOP
    for name in CLASSES:
        lines = max(1, *(-(-len(marks) // PER_LINE) for marks in held[name]))
        body.append(f'<line x1="14" y1="{y - 6}" x2="{width - 14}" y2="{y - 6}" class="grid"/>')
        body.append(text(14, y + 10, LABELS[name]))
        for place, marks in enumerate(held[name]):
            for number, (kind, animal) in enumerate(marks):
                x = LEFT + COLUMN * place + STEP * (number % PER_LINE) + 6
                body.append(_mark(kind, animal, x, y + 6 + LINE * (number // PER_LINE)))
            if not marks:
                body.append(text(LEFT + COLUMN * place, y + 10, "none"))
        y += LINE * lines + 8
    return page(width, y + 8, body, "Interventions by class, tumour and status")


def _of(cells: Sequence[Cell], name: str, place: int) -> list[tuple[str, bool]]:
    """Marks of one class in one column: (kind, in animals), people first."""
    found = []
    for cell in cells:
        if cell.intervention == name and _column(cell.tumour) == place:
            kind = "published" if cell.status in DONE else "open" if cell.status in OPEN else "ended"
            found += [(kind, cell.stage in ANIMALS)] * len(cell.records)
    return sorted(found, key=lambda mark: (mark[1], MARKS.index(mark[0])))


def _column(tumour: str) -> int:
    for place, (_, term) in enumerate(COLUMNS):
        if term and tumour in vocabulary.under("tumour", term):
            return place
    return len(COLUMNS) - 1


def _mark(kind: str, animal: bool, x: float, y: float) -> str:
    css = "exposure" if animal else "gut"
    if kind == "ended":
        return f'<path d="M{x - 4} {y - 4}L{x + 4} {y + 4}M{x - 4} {y + 4}L{x + 4} {y - 4}" class="bar {css}"/>'
    hollow = " hollow" if kind == "open" else ""
    return f'<circle cx="{x}" cy="{y}" r="5" class="bar {css}{hollow}"/>'


def _key() -> list[str]:
    marks = []
    x = 14.0
    for kind in MARKS:
        marks += [_mark(kind, False, x + 6, 44), text(x + 16, 48, WORDS[kind])]
        x += 190
    for animal, words in ((False, "people"), (True, "animals")):
        marks += [_mark("published", animal, x + 6, 44), text(x + 16, 48, words)]
        x += 90
    return marks
