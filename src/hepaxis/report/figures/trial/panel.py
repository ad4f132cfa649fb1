"""A figure of a trial's page, and how an arm looks in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ... import svg
from ...captions import Caption
from ...formats import listed
from ...tables import DataTable, RowChart
from ...trial_records import Arm, Trial

NOTHING = Markup("")
MOST_DRAWN = 4  # curves in one plot, and arms whose patients are drawn one by one
FEW_DRAWN = 2  # arms whose patients are drawn where a trial has more
#: Colour and dash of the control and of the arms after it; further arms repeat them and are told apart by their label.
LOOKS = (("regimen", ""), ("gut", ""), ("tumour", "dash"), ("liver", "dot"), ("exposure", "dash"))


@dataclass(frozen=True)
class Panel:
    """``sub`` holds units and n.  ``charts`` stand under ``picture``; both may be missing, the sentence never."""

    title: str
    sub: str
    caption: Caption
    data: tuple[DataTable, ...]
    picture: Markup = NOTHING
    charts: tuple[RowChart, ...] = ()
    legend: Markup = NOTHING

    @property
    def drawn(self) -> bool:
        return bool(self.picture or self.charts)


@dataclass(frozen=True)
class Look:
    """``colour``: a category of the design; ``dash``: class of its lines; ``name``: short label beside a mark."""

    colour: str
    dash: str
    name: str


def look(trial: Trial, arm: Arm) -> Look:
    """The control is drawn as the base regimen is everywhere; the others in turn."""
    place = 0 if arm is trial.control else 1 + trial.others.index(arm)
    colour, dash = LOOKS[place if place < len(LOOKS) else 1 + (place - 1) % (len(LOOKS) - 1)]
    return Look(colour, dash, arm.id.replace("_", " "))


def swatch(trial: Trial, arm: Arm) -> Markup:
    return Markup('<i class="sw {}"></i>{}').format(look(trial, arm).colour, arm.label)


def legend(items: Iterable[tuple[Markup, Markup | str]], width: int = 18) -> Markup:
    """Small marks with their words, in one line; '' without any."""
    spans = svg.join(
        Markup(
            '<span><svg class="key-line" width="{}" height="12" aria-hidden="true" focusable="false">{}</svg>{}</span>'
        ).format(width, mark, words)
        for mark, words in items
    )
    return Markup('<p class="key">{}</p>').format(spans) if spans else NOTHING


def each_arm(arms: Sequence[tuple[Arm, str]]) -> str:
    """``A 25% (14–36); B 28% (17–39)``, the first ones where there are many."""
    told = [f"{arm.label} {words}" for arm, words in arms[:MOST_DRAWN]]
    more = len(arms) - MOST_DRAWN
    return "; ".join(told) + (f"; {more} more in the table" if more > 0 else "")


def drawn_arms(trial: Trial) -> tuple[Arm, ...]:
    """All arms, or the control and the first other where there are many."""
    arms = (trial.control, *trial.others)
    return arms if len(arms) <= MOST_DRAWN else arms[:FEW_DRAWN]


def left_over(trial: Trial) -> str:
    """The arms that are not drawn patient by patient; '' where all are."""
    rest = [a.label for a in trial.others if a not in drawn_arms(trial)]
    return f"Not drawn, in trial.json: {listed(rest)}." if rest else ""


def groups(trial: Trial) -> tuple[tuple[Arm, ...], ...]:
    """The control with up to three others at a time, so that curves can be told apart."""
    step = MOST_DRAWN - 1
    others: Sequence[Arm] = trial.others
    return tuple((trial.control, *others[i : i + step]) for i in range(0, max(len(others), 1), step))
