"""How a plan is read for display: order of rows, colour classes, italics, links, numbered sources.

Held here: choices about display only; nothing is estimated.  Cut points of the colour classes and the meaning of
categories are the report's design rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from hepaxis.plan.schema import (
    AttributionRow,
    CapacityRow,
    Evidence,
    Fact,
    GuildRow,
    Interval,
    Plan,
    Source,
    Strategy,
)

from .formats import finite, shortened, true_minus, usable

# Ratio to the reference at which the seven colour classes of the design change.
DEVIATION_CUTS = (0.12, 0.45, 0.8, 1.25, 2.2, 8.0)
DEVIATION_CLASSES = ("low3", "low2", "low1", "mid", "high1", "high2", "high3")
DEVIATION_SIGNS = {"low": "▼", "mid": "=", "high": "▲"}
CATEGORIES = ("gut", "tumour", "liver", "exposure")
GUT_KINDS = frozenset({"microbiota", "metabolite", "engineered", "antibiotic"})
RECALLED = "recalled"
THIS_GUT = "this_gut"  # counterfactual that repeats the patient's own gut
FEW_WORDS = 44  # characters of evidence in the table where a plan gives no short text
NO_DEVIATION, FAR = 1.0, 10.0  # ratios that stand for "at" and "far above" a reference median of zero
UNBROKEN_N = "n\u00a0=\u00a0"  # a sample size stays on one line

_GENUS = re.compile(r"^[A-Z][a-z]{3,}(?<!aceae)(?<!ales)\b")
_BINOMIAL = re.compile(r"^[A-Z][a-z]{3,} [a-z]{3,}\b")
_ABBREVIATED = r"\b[A-Z]\. [a-z]{3,}\b"
_DOI = re.compile(r"^(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)
_NCT = re.compile(r"\bNCT\d{8}\b")
_PMID = re.compile(r"^(?:PMID:?\s*)(\d{1,9})$", re.IGNORECASE)
_PMC = re.compile(r"^(?:pmc:\s*)?(PMC\d{4,9})$", re.IGNORECASE)
_LEAD = re.compile(r"(.+?\.(?=\s)|.+?(?=\s\([^)]*interval))", re.DOTALL)
_PREFIX = re.compile(r"^(?:doi|nct|pmid|pmc|text|own):\s*", re.IGNORECASE)
_STRAIN = re.compile(r"\b([A-Z][a-z]{3,} [a-z]{4,}) [A-Z]{2,}\d+\b")
_WEB = re.compile(r"^https?://[^\s<>\"]+$")


def category_of(name: str) -> str:
    """Colour category; a name the design does not know is drawn as an exposure."""
    return name if name in CATEGORIES else "exposure"


def strategy_category(strategy: Strategy) -> str:
    if strategy.status == "base":
        return "regimen"
    return "gut" if strategy.kind in GUT_KINDS else "exposure"


def deviation(ratio: float) -> str:
    """Class of a ratio to the reference, seven steps; not finite counts as no deviation known."""
    if not finite(ratio):
        return "mid"
    return DEVIATION_CLASSES[sum(ratio >= cut for cut in DEVIATION_CUTS)]


def deviation_sign(ratio: float) -> str:
    """The same in a sign, so that colour is never alone."""
    return DEVIATION_SIGNS[deviation(ratio).rstrip("123")] if finite(ratio) else "?"


def excludes_zero(interval: Interval | None) -> int:
    """+1 or -1 where the 90% interval lies on one side of zero, else 0."""
    if interval is None or not usable(interval):
        return 0
    return (interval.lo90 > 0) - (interval.hi90 < 0)


def as_shown(plan: Plan) -> Plan:
    """The plan with labels as the page prints them: the base regimen's name is not repeated in what adds to it."""
    base = base_strategy(plan)
    if base is not None:
        shown = tuple(replace(s, label=s.beside(base)) for s in plan.strategies)
        names = {old.label: new.label for old, new in zip(plan.strategies, shown, strict=True)}
        curves = tuple(replace(c, label=names.get(c.label, c.label)) for c in plan.curves)
        plan = replace(plan, strategies=shown, curves=curves)
    return replace(plan, counterfactuals=tuple(c for c in plan.counterfactuals if c.id != THIS_GUT))


def bare(locator: str) -> str:
    """A locator as printed: ``NCT05865730``, ``10.1126/science.adl4100``, without the prefix of its kind."""
    return _PREFIX.sub("", locator.strip())


def evidence_in_short(evidence: Evidence) -> str:
    return evidence.short or shortened(evidence.text, FEW_WORDS)


def guild_ratio(row: GuildRow) -> float:
    """Share over the reference median; where that is zero, the upper limit says whether the guild is far above it."""
    if not finite(row.share, row.ref_median):
        return float("nan")
    if row.ref_median > 0:
        return row.share / row.ref_median
    return FAR if finite(row.ref_hi) and row.share > row.ref_hi else NO_DEVIATION


def base_strategy(plan: Plan) -> Strategy | None:
    return next((s for s in plan.strategies if s.status == "base"), None)


def shown_in_order(plan: Plan) -> tuple[Strategy, ...]:
    """Strategies with a place in the ranking: by rank, and by median change where no rank is given."""

    def place(strategy: Strategy) -> tuple[bool, float, float]:
        change = strategy.change_response
        gain = change.median if change is not None and usable(change) else float("-inf")
        return strategy.rank is None, strategy.rank or 0, -gain

    ranked = [s for s in plan.strategies if s.status == "ranked" or (s.status == "trial_only" and s.rank is not None)]
    return tuple(sorted(ranked, key=place))


def trial_only_unranked(plan: Plan) -> tuple[Strategy, ...]:
    return tuple(s for s in plan.strategies if s.status == "trial_only" and s.rank is None)


def blocked(plan: Plan) -> tuple[Strategy, ...]:
    """Blocked strategies, and any status this report does not know: never hidden."""
    return tuple(s for s in plan.strategies if s.status not in {"base", "ranked", "trial_only"})


@dataclass(frozen=True)
class AttributionGroup:
    row: AttributionRow
    parts: tuple[AttributionRow, ...]


def attribution_groups(rows: Sequence[AttributionRow]) -> tuple[AttributionGroup, ...]:
    """Groups from the most lowering to the most raising, each with its parts in the same order."""
    ids = {row.id for row in rows}

    def by_effect(items: Iterable[AttributionRow]) -> list[AttributionRow]:
        return sorted(items, key=lambda r: r.effect.median if finite(r.effect.median) else float("inf"))

    top = [r for r in rows if not r.parent or r.parent not in ids or r.parent == r.id]
    return tuple(
        AttributionGroup(g, tuple(by_effect(r for r in rows if r.parent == g.id and r is not g)))
        for g in by_effect(top)
    )


def limiting_steps(rows: Sequence[AttributionRow], most: int) -> tuple[AttributionRow, ...]:
    """The steps without parts that lower response most, largest first."""
    leaves = [part for g in attribution_groups(rows) for part in (g.parts or (g.row,))]
    leaves.sort(key=lambda r: r.effect.median if finite(r.effect.median) else float("inf"))
    return tuple(leaves[:most])


def guilds_by_deviation(rows: Sequence[GuildRow]) -> tuple[GuildRow, ...]:
    """From most above to most below the reference median; what was not found comes last."""

    def ratio(row: GuildRow) -> float:
        found = guild_ratio(row)
        return found if row.detected and finite(found) else -1.0

    return tuple(sorted(rows, key=lambda r: -ratio(r)))


def capacities_by_deviation(rows: Sequence[CapacityRow]) -> tuple[CapacityRow, ...]:
    """Measured, then predicted, then unknown; within each from most above to most below the reference."""
    order = {"measured": 0, "predicted": 1, "unknown": 2}

    def key(row: CapacityRow) -> tuple[int, float]:
        known = finite(row.value.median, row.ref_median) and row.ref_median > 0
        return order.get(row.status, 3), -(row.value.median / row.ref_median if known else 0.0)

    return tuple(sorted(rows, key=key))


def header_facts(facts: Sequence[Fact], most: int) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """Known facts for the grid (at most ``most``) and the unknown ones, told in one cell.  The full list has all."""
    return tuple(f for f in facts if f.known)[:most], tuple(f for f in facts if not f.known)


class Italics:
    """Sets text for the page, with this plan's own genera and species and abbreviated binomials in italics."""

    def __init__(self, taxa: Iterable[str]):
        taxa = tuple(taxa)
        species = {" ".join(name.split()[:2]) for name in taxa if _BINOMIAL.match(name)}
        genera = {name.split()[0] for name in taxa if _GENUS.match(name)}
        names = sorted(species | genera, key=lambda n: (-len(n), n))
        known = "".join(rf"|\b{re.escape(name)}\b" for name in names)
        self._pattern = re.compile(_ABBREVIATED + known)

    def __call__(self, words: str) -> Markup:
        words = true_minus(words).replace("n = ", UNBROKEN_N)
        out, at = Markup(""), 0
        for found in self._pattern.finditer(words):
            out += escape(words[at : found.start()]) + Markup("<i>{}</i>").format(found.group())
            at = found.end()
        return out + escape(words[at:])


def taxa_of(plan: Plan) -> tuple[str, ...]:
    """Names to set in italics: those of the profile, and species of named strains among the strategies."""
    found = [t for g in (plan.profile.guilds if plan.profile else ()) for t in g.top_taxa]
    return (*found, *(name for s in plan.strategies for name in _STRAIN.findall(s.label)))


def lead_and_rest(words: str) -> tuple[str, str]:
    """The finding (first sentence, or what stands before its bracket) and what follows."""
    found = _LEAD.match(words)
    return (found.group(1), words[found.end(1) :]) if found else (words, "")


def link_of(locator: str) -> str | None:
    """Address of a DOI, trial, PMID or plain web locator; anything else stays text."""
    locator = locator.strip()
    if doi := _DOI.match(locator):
        return "https://doi.org/" + doi.group(1)
    if _WEB.match(locator):
        return locator
    if nct := _NCT.search(locator):
        return "https://clinicaltrials.gov/study/" + nct.group()
    if pmc := _PMC.match(locator):
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{pmc.group(1)}/"
    if pmid := _PMID.match(locator):
        return f"https://pubmed.ncbi.nlm.nih.gov/{pmid.group(1)}/"
    return None


def grade_of(source: Source) -> tuple[str, bool]:
    """Verification grade in words, and whether it counts as verified."""
    if source.checked.strip().lower() in {RECALLED, ""}:
        return ("unverified (recalled)" if source.checked else "unverified"), False
    return source.checked.replace("_", " "), True


class Sources:
    """Numbers the plan's sources and writes references to them."""

    def __init__(self, sources: Sequence[Source]):
        self._number: dict[str, int] = {}
        self._verified: dict[str, bool] = {}
        for number, source in enumerate(sources, 1):
            self._number.setdefault(bare(source.id), number)
            self._verified.setdefault(bare(source.id), grade_of(source)[1])

    def refs(self, ids: Iterable[str]) -> Markup:
        """``[3] [7, unverified]``, each a link into the list; an id without an entry is named as such."""
        parts = []
        for source_id in dict.fromkeys(bare(part) for joined in ids for part in joined.split("; ")):
            number = self._number.get(source_id)
            if number is None:
                parts.append(Markup('<span class="ref">[{}: not in the list]</span>').format(source_id))
            else:
                doubt = "" if self._verified[source_id] else ", unverified"
                parts.append(Markup('<a class="ref" href="#src-{}">[{}{}]</a>').format(number, number, doubt))
        return Markup(" ").join(parts)
