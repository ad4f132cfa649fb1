"""Captions: one generated sentence that says what a figure shows, then how to read it.

Each function reads the same records as its figure, so a changed number changes its sentence.  Wording follows the
report's rules: the finding, then the number, then the interval; "predicted" and "may", never advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hepaxis.plan.schema import (
    AttributionRow,
    AxisEdge,
    AxisNode,
    CapacityRow,
    Curve,
    Plan,
    ProfileSection,
    Strategy,
    TimelineItem,
)

from . import reading as read
from .figures.course import nearest
from .figures.missing import by_value
from .figures.network import strongest_chain
from .figures.timeline import days_of
from .formats import (
    DAYS_PER_MONTH,
    counted,
    finite,
    limits,
    listed,
    listed_up_to,
    months,
    percent,
    percent_with_range,
    points,
    quantity,
    share,
    signed,
    usable,
    with_limits,
)

MOST_NAMED = 4
LEAST_WORTH = 0.01  # share of the variance below which no missing item is named


@dataclass(frozen=True)
class Caption:
    """``finding`` is set in bold; ``how`` says how to read the figure."""

    finding: str
    how: str


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _are(names: Sequence[str]) -> str:
    return f"{listed_up_to(names, MOST_NAMED)} {'is' if len(names) == 1 else 'are'}"


def _named(strategy: Strategy) -> str:
    """Name inside a sentence: ``adding fibre-rich food`` for what is added to the base regimen."""
    added = strategy.label.removeprefix("+ ")
    return strategy.label if added == strategy.label else f"adding {added}"


def strategies(plan: Plan) -> Caption:
    rows = [s for s in read.shown_in_order(plan) if usable(s.change_response)]
    above = [_named(s) for s in rows if read.excludes_zero(s.change_response) > 0]
    below = [_named(s) for s in rows if read.excludes_zero(s.change_response) < 0]
    if not rows:
        finding = "No strategy has a predicted change against a base regimen."
    elif not above and not below:
        finding = "Every 90% interval includes zero." if len(rows) > 1 else "The one 90% interval shown includes zero."
    else:
        told = [
            f"{len(names)} of {len(rows)} 90% intervals {'lies' if len(names) == 1 else 'lie'} {where} zero "
            f"({listed_up_to(names, MOST_NAMED)})"
            for names, where in ((above, "above"), (below, "below"))
            if names
        ]
        finding = "; ".join(told) + "."
    how = []
    if rows and finite(rows[0].p_best):
        first = (
            f"{_capital(_named(rows[0]))}, ranked first, has a {percent(rows[0].p_best or 0.0)} chance of being best"
        )
        how.append(first + (" among those compared, so the order is not advice." if not above else "."))
    blocked, trial = len(read.blocked(plan)), len([s for s in plan.strategies if s.status == "trial_only"])
    if blocked or trial:
        parts = [f"{n} {what}" for n, what in ((blocked, "blocked by a safety rule"), (trial, "in a trial only")) if n]
        how.append(_capital(f"{listed(parts)}; shown with the reason."))
    how.append(
        f"Severe immune events: grade 3 or higher within {months_text(plan)}. Evidence: A randomised in HCC; B"
        " randomised elsewhere; C early human or cohort; D animal; E concept."
    )
    return Caption(finding, " ".join(how))


def months_text(plan: Plan) -> str:
    return f"{plan.horizon_days / DAYS_PER_MONTH:.0f} months" if finite(plan.horizon_days) else "the horizon"


def attribution(rows: Sequence[AttributionRow], n: int) -> Caption:
    groups = [g.row for g in read.attribution_groups(rows) if usable(g.row.effect)]
    how = (
        "Zero is the reference patient; to the left a step lowers response. Dot: mean; thick: 50%; thin: 90% interval; "
        f"n = {n}. Groups add up to the gap between the reference patient and this one, parts to their group."
    )
    if not groups:
        return Caption("No step could be attributed.", how)
    gut = [r for r in groups if read.category_of(r.category) == "gut"]
    told = []
    for row in gut[:1]:
        zero = read.excludes_zero(row.effect)
        told.append(
            f"{row.label}: {points(row.effect.median)} points (90% interval {limits(row.effect, points)}), "
            + ("an interval that includes zero" if not zero else "an interval that excludes zero")
        )
    first = groups[0]
    if first.effect.median < 0:
        told.append(
            f"the largest lowering group is {first.label}"
            + (f", {with_limits(first.effect, points)}" if first not in gut[:1] else "")
        )
    else:
        told.append("no group has a median that lowers response")
    return Caption(_capital("; ".join(told)) + ".", how)


def counterfactuals(plan: Plan) -> Caption:
    rows = [c for c in plan.counterfactuals if usable(c.response)]
    how = f"Objective response on the base regimen, growth and host kept; n = {plan.n_patients}; dashed: this gut."
    if not rows or not usable(plan.base_response):
        return Caption("No other gut was simulated.", how)
    best = max(rows, key=lambda c: c.response.median)
    gain = best.response.median - plan.base_response.median
    if gain <= 0:
        return Caption(
            f"No gut compared has a higher median than this one, {percent_with_range(plan.base_response)}.", how
        )
    return Caption(
        f"Highest: {best.label}, {percent_with_range(best.response)}, against {percent_with_range(plan.base_response)} "
        "with this gut.",
        how,
    )


def guilds(profile: ProfileSection) -> Caption:
    found = [g for g in profile.guilds if g.detected and finite(g.share, g.ref_lo, g.ref_hi)]
    above = [g.label for g in read.guilds_by_deviation(found) if g.share > g.ref_hi]
    below = [g.label for g in read.guilds_by_deviation(found) if g.share < g.ref_lo]
    none = [g.label for g in profile.guilds if not g.detected]
    told = [
        f"{_are(names)} {what}"
        for names, what in (
            (above, "above the reference range"),
            (below, "below it" if above else "below the reference range"),
            (none, "not found"),
        )
        if names
    ]
    finding = "; ".join(told) + "." if told else "All guilds lie within their reference range."
    how = [f"Reference: {profile.reference}."] if profile.reference else []
    if profile.other_share > 0:
        how.append(f"{share(profile.other_share)} of what was identified is in no guild with known traits.")
    if none:
        how.append("“None” may be an empty niche or one below the detection limit.")
    return Caption(_capital(finding), " ".join(how))


def capacities(rows: Sequence[CapacityRow]) -> Caption:
    told_rows = [r for r in read.capacities_by_deviation(rows) if r.status != "unknown" and usable(r.value)]
    above = [r.label for r in told_rows if finite(r.ref_hi) and r.value.median > r.ref_hi]
    below = [r.label for r in told_rows if finite(r.ref_lo) and r.value.median < r.ref_lo]
    told = [
        f"{_are(names)} {what} the reference range by median"
        for names, what in ((above, "above"), (below, "below"))
        if names
    ]
    finding = "; ".join(told) if told else "no capacity has a median outside its reference range"
    unknown = [r.label for r in rows if r.status == "unknown"]
    n = {s: len([r for r in rows if r.status == s]) for s in ("measured", "predicted")}
    if not told_rows:
        finding = "no capacity is known beyond its prior"
    known = [
        f"{count} {words}"
        for count, words in ((n["measured"], "measured"), (n["predicted"], "predicted from the profile"))
        if count
    ]
    how = f"{', '.join(known)}. " if known else ""
    if unknown:
        priors = "its prior" if len(unknown) == 1 else "their priors"
        how += f"{_capital(listed_up_to(unknown, MOST_NAMED))}: unknown, at {priors}."
    return Caption(_capital(finding) + ".", how.strip())


def network(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge], n: int) -> Caption:
    labels = {node.id: node.label for node in nodes}
    chain = strongest_chain(nodes, edges)
    disputed = sum(e.disputed for e in edges)
    how = (
        f"Values are medians of the virtual patients at rest, n = {n}, so guilds differ from the sample; ▼ below, ="
        " near, ▲ above the same people with a reference gut."
    )
    if disputed:
        how += f" {counted(disputed, 'link has', 'links have')} a disputed sign."
    if not chain:
        return Caption("No link carries an effect of the gut in this patient.", how)
    path = [
        ("" if i else labels[e.source]) + (" raises " if e.sign >= 0 else " lowers ") + labels[e.target]
        for i, e in enumerate(chain)
    ]
    doubt = " (disputed in part)" if any(e.disputed for e in chain) else ""
    return Caption(f"The strongest path{doubt}: {', which'.join(path)}.", how)


def timeline(items: Sequence[TimelineItem]) -> Caption:
    how = "Filled: recorded. Hollow: planned. Paler: ongoing."
    past = [i for i in items if i.kind == "exposure" and i.end is not None and not i.planned and i.end <= 0]
    ongoing = [i.label for i in items if i.kind == "exposure" and i.ongoing]
    told = []
    if past:
        last = max(past, key=lambda i: i.end if i.end is not None else i.start)
        told.append(f"{last.label} ({days_of(last)}) ended {quantity(-(last.end or 0.0))} days before the first dose")
    if ongoing:
        told.append(f"{_capital(listed_up_to(ongoing, MOST_NAMED))} {'is' if len(ongoing) == 1 else 'are'} ongoing")
    if not told:
        told = ["No exposure is recorded before the first dose"]
    return Caption(_capital("; ".join(told)) + ".", how)


def course(curves: Sequence[Curve], n: int) -> Caption:
    how = f"Bands: 50% and 90% of {n} virtual patients. New lesions are a separate hazard and are not drawn here."
    if not curves:
        return Caption("No course was simulated.", how)
    if len(curves) == 1:
        c = curves[0]
        return Caption(f"{c.label}: {_size(c, c.days[-1])} at month {c.days[-1] / DAYS_PER_MONTH:.0f}.", how)
    a, b = curves[0], curves[1]
    end = min(a.days[-1], b.days[-1])
    i, j = nearest(a, end), nearest(b, end)
    overlap = min(a.hi90[i], b.hi90[j]) >= max(a.lo90[i], b.lo90[j])
    return Caption(
        f"At month {end / DAYS_PER_MONTH:.0f} the 90% bands {'overlap' if overlap else 'are apart'}: "
        f"{a.label} {_size(a, end)}; {b.label} {_size(b, end)}.",
        how,
    )


def _size(c: Curve, day: float) -> str:
    i = nearest(c, day)
    return f"{signed(c.median[i] * 100, 0)}% ({signed(c.lo90[i] * 100, 0)}, {signed(c.hi90[i] * 100, 0)})"


def trade(strategies: Sequence[Strategy], n: int) -> Caption:
    rows = [
        s for s in strategies if usable(s.change_response) and s.outcomes and usable(s.outcomes.severe_immune_event)
    ]
    how = f"Numbers are ranks in the table above; lines are 90% intervals; n = {n} each."
    if not rows:
        return Caption("No strategy has both a predicted gain and a predicted harm.", how)

    def harm(s: Strategy) -> float:
        return s.outcomes.severe_immune_event.median if s.outcomes else 0.0

    best = max(rows, key=lambda s: s.change_response.median if s.change_response else 0.0)
    worst = max(rows, key=harm)
    gain = f"{_named(best)}: {with_limits(best.change_response, points)} points of response"
    worst_harm = percent_with_range(worst.outcomes.severe_immune_event if worst.outcomes else None)
    if best is worst:
        return Caption(
            f"The largest median gain comes with the most harm. {_capital(gain)}, {worst_harm} severe immune events.",
            how,
        )
    return Caption(f"Largest median gain, {gain}; most severe immune events, {_named(worst)}: {worst_harm}.", how)


def missing(plan: Plan) -> Caption:
    rows = [r for r in by_value(plan.missing) if r.value is not None and finite(r.value)]
    how = (
        "Value: how much of the variance of the largest change in response an item accounts for; what was not measured"
        " stands at its prior."
    )
    if not plan.missing:
        return Caption("Nothing that the model uses was missing.", "")
    if not rows:
        return Caption("The worth of the missing items was not computed.", how)
    if (rows[0].value or 0.0) < LEAST_WORTH:
        return Caption("No missing item accounts for as much as 1% of the variance.", how)
    return Caption(
        f"{_capital(rows[0].label)} {'accounts' if not rows[0].label.endswith('s') else 'account'} for most: "
        f"{percent(rows[0].value or 0.0)} of the variance.",
        how,
    )


def gut_share(plan: Plan) -> str:
    """Under the second panel: end point, n, and how far the sample moved the clinic-only answer."""
    text = f"Objective response (RECIST 1.1) on the base regimen, n = {plan.n_patients}."
    if not usable(plan.base_response) or not usable(plan.clinic_only_response):
        return text
    if plan.profile is None:
        return text + " No stool profile was given: the gut stays at its prior."
    return text + (
        f" Clinic data alone: {percent(plan.clinic_only_response.median)}; with the stool sample: "
        f"{percent(plan.base_response.median)}."
    )


def pfs(strategy: Strategy) -> str:
    return with_limits(strategy.outcomes.pfs_months, months) if strategy.outcomes else "not available"
