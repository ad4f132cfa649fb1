"""The one-page report of a virtual trial: figures, captions and template into one offline HTML file.

Takes ``trial.json`` as it was written and estimates nothing.  Held here: the order of the sections and which arms are
drawn patient by patient.  What it shares with the patient's report is in ``sheet``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from hepaxis.problems import InputError, error

from . import reading as read
from .figures.trial import biopsy, contrasts, events, features, rates, routes, spider, survival, swimmer, waterfall
from .figures.trial.medians import TIMES, medians
from .figures.trial.panel import Panel, drawn_arms, groups, left_over
from .formats import DAYS_PER_MONTH, counted, listed_up_to, quantity
from .sheet import embedded, printed
from .trial_answer import against, answer, on_each_arm, rests_on
from .trial_reading import read_trial
from .trial_records import Trial
from .write import write_whole

TEMPLATE = "trial.html.j2"
RESULT, PAGE = "trial.json", "report.html"
SURVIVAL = (  # outcome, title, what counts
    (
        "pfs",
        "Progression-free survival",
        "Share without progression found by a scan, or death; months from the first dose.",
    ),
    ("os", "Overall survival", "Share alive; months from the first dose."),
    ("duration_of_response", "Duration of response", "Share of responders still in response; months from its start."),
)
MOST_OUTCOMES = 3  # named in the header; all stand with the population
NAVIGATION = (
    ("contrasts", "Contrasts"),
    ("survival", "Survival"),
    ("patients", "Patients"),
    ("features", "Gut features"),
    ("resistance", "Resistance"),
    ("harm", "Harm"),
    ("population", "Population"),
)
METHOD = (
    "Virtual patients of a mechanistic model of gut, liver, immunity and tumour, followed and read as the trial’s "
    "protocol would.",
    "Solid interval: where a trial of the stated size would find the value, chance of patients alone, if the model’s "
    "average were right. Dashed interval: how far the value moves between draws of the mechanisms, chance of patients "
    "taken out. They do not add up to all that is uncertain: what the model leaves out is in neither.",
    "Contrasts between patients and within the same virtual patient are kept apart: only the first can be found by a "
    "trial.",
    "No microbiota trial in liver cancer under immunotherapy has reported; sizes of effects of the gut rest on priors.",
)


def render_trial(trial: Trial) -> str:
    """The trial as one HTML document: no script, no request, style allowed by its hash."""
    return printed(TEMPLATE, NAVIGATION, **_context(trial))


def embed_trial(trial: Trial) -> Markup:
    """The sections of the trial's page, for a page with a frame and the style of its own."""
    return embedded(TEMPLATE, **_context(trial))


def _context(trial: Trial) -> dict[str, Any]:
    found = {
        "contrasts": _some(
            contrasts.contrasts(trial, within=False), contrasts.contrasts(trial, within=True), rates.rates(trial)
        ),
        "survival": _some(
            *(survival.survival(trial, arms, *words) for words in SURVIVAL for arms in groups(trial)), medians(trial)
        ),
        "waterfall": [waterfall.waterfall(trial, arm) for arm in drawn_arms(trial)],
        "spider": [spider.spider(trial, arm) for arm in drawn_arms(trial)],
        "swimmer": [swimmer.swimmer(trial, arm) for arm in drawn_arms(trial)],
        "features": _some(*(features.tertiles(trial, arm) for arm in drawn_arms(trial)), features.odds(trial)),
        "resistance": [routes.routes(trial, arm) for arm in drawn_arms(trial)],
        "harm": _some(events.events(trial), biopsy.biopsy(trial)),
    }
    words, each_arm = on_each_arm(trial)
    italics = read.Italics(f.label for f in trial.features)
    return {
        "trial": trial,
        "facts": _facts(trial),
        "answer": answer(trial),
        "against": against(trial),
        "each_arm": each_arm,
        "each_arm_words": words,
        "rests_on": rests_on(trial),
        "panels": found,
        "left_over": left_over(trial),
        "outcomes": [
            (w, _outcomes(n, len(n)))
            for w, n in (("Primary", trial.design.primary), ("Secondary", trial.design.secondary))
        ],
        "took_part": trial.sentence or _took_part(trial),
        "lost": sorted(trial.lost.items(), key=lambda item: (-item[1], item[0])),
        "method": METHOD,
        "it": italics,
        "bare": read.bare,
        "link": read.link_of,
        "counted": counted,
        "quantity": quantity,
    }


def write_trial(folder: Path | str) -> Path:
    """Read ``trial.json`` of the folder and write ``report.html`` beside it, whole or not at all; returns its path.

    Raises InputError where there is no trial.json, it is not one, or the folder cannot be written.
    """
    source = Path(folder) / RESULT
    if not source.is_file():
        hint = "Give the folder that `hepaxis trial run` wrote."
        raise InputError([error("trial.no_result", f"no {RESULT} here", hint, file=str(folder))])
    page = render_trial(read_trial(source.read_text(encoding="utf-8"), file=str(source)))
    try:
        (written,) = write_whole(Path(folder), {PAGE: page})
    except OSError as fault:
        hint = "Give a folder that can be written; nothing was changed."
        found = f"{fault.strerror or fault} ({Path(folder).name})"
        raise InputError([error("report.cannot_write", found, hint, file=str(folder))]) from None
    return written


def _some(*panels: Panel | None) -> list[Panel]:
    return [p for p in panels if p is not None]


def _took_part(trial: Trial) -> str:
    left = trial.candidates - trial.patients
    kept = counted(trial.patients, "virtual patient")
    return f"{kept} of {trial.candidates} candidates, seed {trial.design.seed}; {left} left out."


def _outcomes(names: tuple[str, ...], most: int) -> str:
    known = {
        **rates.RATES,
        **TIMES,
        "cd8_biopsy": "CD8 cells in a biopsy",
        "tumour_change": "best change of the targets",
    }
    return listed_up_to([known.get(n, n.replace("_", " ")) for n in names], most) or "none"


def _facts(trial: Trial) -> tuple[tuple[str, str], ...]:
    """Cells of the header grid."""
    design = trial.design
    each = " on every arm" if design.paired else ""
    return (
        ("Trial", f"{design.n} patients{each}"),
        ("Mode", "paired: same patients on every arm" if design.paired else "parallel: each patient on one arm"),
        ("Simulated", f"{trial.patients} patients, {counted(len(trial.arms), 'arm')}"),
        ("Followed", f"{design.horizon_days / DAYS_PER_MONTH:.0f} months from the first dose"),
        ("Primary", _outcomes(design.primary, MOST_OUTCOMES)),
        ("Secondary", _outcomes(design.secondary, MOST_OUTCOMES)),
    )
