"""The time-course cases of the SBML Test Suite: each passes at its tolerance or is refused by a named feature."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hepaxis import engine

pytestmark = pytest.mark.shared

# What the engine refuses, and the tag of the suite that says the case uses it.
REFUSABLE = {
    "delay": {"CSymbolDelay", "DelayInTrigger", "DelayInEventAssignment"},
    "algebraic rule": {"AlgebraicRule"},
    "fast reaction": {"FastReaction", "MultipleFastReactions"},
    "SBML package 'comp'": {"comp:Submodel", "comp:ModelDefinition"},
}
TIGHTER = 1e-3  # of the suite's tolerance, for the integration
# All cases take some minutes: by default every ninth runs, HEPAXIS_SBML_SUITE=all runs them all.
SUBSET = 9


@dataclass(frozen=True)
class Case:
    number: str
    tags: frozenset[str]
    sbml: str
    settings: dict[str, str]
    expected: list[list[str]]


@pytest.fixture(scope="module")
def cases(shared: Callable[[str], Path]) -> list[Case]:
    return list(read_cases(shared("data/sbml_test_suite")))


def read_cases(folder: Path) -> Iterator[Case]:
    with zipfile.ZipFile(folder / "semantic_odd.zip") as archive, (folder / "cases.csv").open() as listing:
        for row in csv.DictReader(listing):
            number = row["case"]
            text = {
                part: archive.read(f"{number}/{number}-{part}").decode() for part in ("settings.txt", "results.csv")
            }
            settings = {
                key.strip(): value.strip()
                for key, _, value in (line.partition(":") for line in text["settings.txt"].splitlines())
                if key.strip()
            }
            tags = re.split(r"[,;]\s*", row["componentTags"]) + re.split(r"[,;]\s*", row["testTags"])
            sbml = archive.read(f"{number}/{row['file']}").decode()
            expected = [line for line in csv.reader(io.StringIO(text["results.csv"])) if line]
            yield Case(number, frozenset(t.strip() for t in tags if t.strip()), sbml, settings, expected)


def listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(case: Case) -> str:
    """ "pass", "refused: feature" or what is wrong."""
    try:
        model = engine.load(case.sbml)
    except engine.UnsupportedModel as refusal:
        return "refused: " + "; ".join(sorted({f.found.removeprefix("unsupported: ") for f in refusal.faults}))
    start, length = float(case.settings["start"]), float(case.settings["duration"])
    count = int(case.settings["steps"])
    relative, absolute = float(case.settings["relative"]), float(case.settings["absolute"])
    header = [name.strip() for name in case.expected[0]]
    expected = np.array([[number(cell) for cell in line] for line in case.expected[1:]])
    times = start + length * np.arange(count + 1) / count
    result = model.simulate(
        None,
        None,
        times,
        header[1:],
        rtol=min(relative * TIGHTER, 1e-8),
        atol=max(absolute * TIGHTER, 1e-16),
        threads=1,
    )
    if len(result.failures):
        return f"failed: {result.failures['reason'][0]}"
    got = result.values[0]
    for k, name in enumerate(header[1:]):
        got[:, k] = as_asked(model, case, name, times, got[:, k])
    want = expected[:, 1:]
    with np.errstate(invalid="ignore"):
        close = np.abs(got - want) <= absolute + relative * np.abs(want)
    close |= (got == want) | (np.isnan(got) & np.isnan(want))
    if close.all():
        return "pass"
    row, column = np.argwhere(~close)[0]
    return f"wrong: {header[1 + column]} at {times[row]:g} is {got[row, column]!r}, not {want[row, column]!r}"


def number(cell: str) -> float:
    return float(cell.strip().lower().replace("infinity", "inf"))


def as_asked(model: engine.Model, case: Case, name: str, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Species in the unit the settings ask for."""
    if name not in model.species:
        return values
    kind, home = model.species[name]
    asked = "amount" if name in listed(case.settings.get("amount", "")) else "concentration"
    if name not in listed(case.settings.get("amount", "")) + listed(case.settings.get("concentration", "")):
        return values
    if kind == asked:
        return values
    size = model.simulate(None, None, times, [home], rtol=1e-9, atol=1e-12, threads=1).values[0, :, 0]
    return values * size if asked == "amount" else values / size


def test_every_case_passes_or_is_refused_by_a_named_feature(
    cases: list[Case], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEPAXIS_ENGINE_CACHE", "off")
    assert len(cases) > 800
    if os.environ.get("HEPAXIS_SBML_SUITE") != "all":
        cases = cases[::SUBSET]
    outcome: Counter[str] = Counter()
    by_tag: dict[str, Counter[str]] = {}
    bad = []
    for case in cases:
        try:
            verdict = run(case)
        except Exception as fault:
            verdict = f"crash: {type(fault).__name__}: {fault}"
        word = verdict.split(":")[0]
        outcome[word] += 1
        for tag in case.tags:
            by_tag.setdefault(tag, Counter())[word] += 1
        if word == "refused":
            features = verdict.removeprefix("refused: ").split("; ")
            if not all(REFUSABLE.get(f, set()) & case.tags or f in OTHER for f in features):
                bad.append(f"{case.number} {verdict}")
        elif word != "pass":
            bad.append(f"{case.number} {verdict}")
    with capsys.disabled():
        print(f"\nSBML Test Suite: {dict(outcome)}")
        for tag in sorted(by_tag):
            print(f"  {tag:32s} {dict(by_tag[tag])}")
    assert not bad, "\n".join(bad)


# Features without a tag of their own.
OTHER = frozenset({"more than 62 comparisons in event triggers"})
