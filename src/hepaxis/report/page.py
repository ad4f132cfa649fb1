"""The one-page report: assembles figures, captions and templates into one offline HTML file.

Held here: what the page shows in which state (ranked, base regimen by default, cannot tell; with or without a stool
profile).  What it shares with other pages is in ``sheet``.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from hepaxis.plan.schema import Plan, Strategy

from . import access, captions, formats
from . import reading as read
from .figures import attribution, course, gut, missing, network, timeline, trade
from .figures.strategies import ChangeColumn
from .sheet import embedded, printed

TEMPLATE = "report.html.j2"
MOST_FACTS = 11  # cells of the header grid beside the one that lists what is not known (two rows of six)
MOST_WARNINGS = 5  # further ones are in a disclosure
STATES = {
    "ranked": ("An option stands apart", "info"),
    "base_default": ("Base regimen stays the default", "plain"),
    "cannot_tell": ("Cannot rank the add-ons", "abst"),
}
SEVERITIES = {
    "block": "blocks",
    "trial_only": "in a trial only",
    "warn": "warning",
    "info": "information",
    "override": "comes first",
}
NAVIGATION = (
    ("strategies", "Strategies"),
    ("why", "Why it may resist"),
    ("gut", "Gut profile"),
    ("course", "Course"),
    ("missing", "What is missing"),
    ("sources", "Sources"),
)
METHOD = (
    (
        "A mechanistic model of gut, liver, immunity and tumour, simulated for virtual patients that match this one. "
        "Every strategy runs on the same patients."
    ),
    (
        "Intervals are 90% and 50% over virtual patients and parameter draws; they hold what the model leaves open, "
        "not what it leaves out."
    ),
)


def _chance(strategy: Strategy) -> str:
    return formats.percent(strategy.p_best) if strategy.p_best is not None else "–"


def _harm(strategy: Strategy) -> str:
    return formats.percent_with_range(strategy.outcomes.severe_immune_event) if strategy.outcomes else "–"


def _change(strategy: Strategy) -> Markup:
    change = strategy.change_response
    if change is None or not formats.usable(change):
        return Markup("not computed")
    return Markup("<b>{}</b> ({})").format(formats.points(change.median), formats.limits(change, formats.points))


def _coverage(plan: Plan) -> str:
    if plan.profile is None:
        return ""
    text = f"{formats.percent(plan.profile.trait_coverage)} of abundance has known traits."
    if plan.profile.identified_fraction is not None:
        text += f" {formats.percent(plan.profile.identified_fraction)} of the sample was identified."
    return text


def _strategy_views(plan: Plan) -> dict[str, Any]:
    base = read.base_strategy(plan)
    ranked, trial_only, blocked = read.shown_in_order(plan), read.trial_only_unranked(plan), read.blocked(plan)
    everything = [*([base] if base else []), *ranked, *trial_only, *blocked]
    return {
        "base": base,
        "ranked": ranked,
        "trial_only": trial_only,
        "blocked": blocked,
        "everything": everything,
        "with_outcomes": [s for s in everything if s.outcomes],
        "severity_words": SEVERITIES,
        "column": ChangeColumn.of(s.change_response for s in (*ranked, *trial_only)),
        "chance": _chance,
        "harm": _harm,
        "change": _change,
        "trade": trade.trade(base, ranked),
    }


def _figures(plan: Plan, italics: read.Italics) -> dict[str, Any]:
    limiting = attribution.limiting(plan.attribution)
    return {
        "limiting": limiting,
        "limiting_n": len(limiting.rows) - 1,
        "gut_share": attribution.gut_share(plan),
        "gut_share_text": captions.gut_share(plan),
        "attribution": attribution.steps(plan.attribution),
        "attribution_data": attribution.steps_data(plan.attribution),
        "counterfactuals": attribution.counterfactuals(plan),
        "counterfactuals_data": attribution.counterfactuals_data(plan.counterfactuals),
        "guilds": gut.guilds(plan.profile.guilds, italics) if plan.profile else None,
        "capacities": gut.capacities(plan.capacities, italics),
        "capacity_details": gut.capacity_details(plan.capacities),
        "statuses": [s for s in gut.STATUSES if any(c.status == s for c in plan.capacities)],
        "status_words": gut.STATUS_WORDS,
        "status_mark": gut.status_mark,
        "network": network.network(plan.nodes, plan.edges),
        "timeline": timeline.timeline(plan.timeline),
        "course": course.course(plan.curves),
        "missing": missing.missing(plan.missing),
        "unvalued": missing.unvalued(plan.missing),
    }


def _captions(plan: Plan) -> dict[str, captions.Caption | None]:
    return {
        "strategies": captions.strategies(plan),
        "attribution": captions.attribution(plan.attribution, plan.n_patients),
        "counterfactuals": captions.counterfactuals(plan),
        "guilds": captions.guilds(plan.profile) if plan.profile else None,
        "capacities": captions.capacities(plan.capacities),
        "network": captions.network(plan.nodes, plan.edges, plan.n_patients),
        "timeline": captions.timeline(plan.timeline),
        "course": captions.course(plan.curves, plan.n_patients),
        "trade": captions.trade(read.shown_in_order(plan), plan.n_patients),
        "missing": captions.missing(plan),
    }


def render(plan: Plan) -> str:
    """The report as one HTML document: no script, no request, style allowed by its hash."""
    return printed(TEMPLATE, NAVIGATION, **_context(plan))


def embed(plan: Plan) -> Markup:
    """The sections of the report, for a page with a frame and the style of its own."""
    return embedded(TEMPLATE, **_context(plan))


def embed_strategies(plan: Plan) -> Markup:
    """The table of strategies alone."""
    return embedded("strategies_only.html.j2", **_context(plan))


def _context(plan: Plan) -> dict[str, Any]:
    plan = read.as_shown(plan)
    italics = read.Italics(read.taxa_of(plan))
    sources = read.Sources(plan.sources)
    facts, unknown = read.header_facts([f for f in plan.facts if f.value != plan.planned], MOST_FACTS)
    state, state_class = STATES.get(plan.verdict.state, (plan.verdict.state.replace("_", " "), "plain"))
    return {
        "plan": plan,
        "facts": facts,
        "unknown": ", ".join(f.label for f in unknown),
        "state_words": state,
        "state_class": state_class,
        "abstained": plan.verdict.state == "cannot_tell",
        "n_simulated": formats.counted(len([s for s in plan.strategies if s.outcomes]), "strategy", "strategies"),
        "horizon": captions.months_text(plan),
        "coverage": _coverage(plan),
        "captions": _captions(plan),
        "attribution_sources": sources.refs([s for r in plan.attribution for s in r.sources]),
        "warnings_first": plan.warnings[:MOST_WARNINGS],
        "warnings_rest": plan.warnings[MOST_WARNINGS:],
        "n_unverified": len([s for s in plan.sources if not read.grade_of(s)[1]]),
        "method": METHOD,
        "it": italics,
        "refs": sources.refs,
        "access": access.tags,
        "in_short": read.evidence_in_short,
        "bare": read.bare,
        "lead": read.lead_and_rest,
        "link": read.link_of,
        "grade": read.grade_of,
        "percent": formats.percent,
        "percent_range": formats.percent_range,
        "pct": formats.percent_with_range,
        "with_limits": formats.with_limits,
        "months": formats.months,
        "points": formats.points,
        "quantity": formats.quantity,
        "share": formats.share,
        **_strategy_views(plan),
        **_figures(plan, italics),
    }
