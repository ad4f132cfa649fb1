"""The confounding study as Markdown: published beside what cohorts find when the gut does nothing."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
OUTCOMES = {"os": "OS", "pfs": "PFS"}
TAIL = 0.025  # of harm with p < 0.05 by chance


def confounding_page(found: Json) -> str:
    """The whole page."""
    stamp = found["stamp"]
    sizes = "; ".join(
        f"{pool} ({one['regimen']}) {one['off']} gates off, {one['on'] or 'none'} gates drawn"
        for pool, one in found["pools"].items()
    )
    lines = [
        "# Confounding: what cohorts find when the gut does nothing",
        "",
        "Made by `hepaxis trial confounding --out`; do not edit. " + found["statement"],
        "",
        f"Model {stamp['model']}, knowledge {stamp['knowledge']}, tau {stamp['tau']:.3g}, seed {stamp['seed']}. "
        f"Virtual patients: {sizes}. {found['cohorts']} cohorts a design, each with a new draw of who is exposed.",
        "",
        "Hazard ratios of exposed against not: median (90% of cohorts). *Chance*: exposure tied to nothing. *Crude*: "
        "exposure goes with liver function, inflammation, performance status and the like as in the population, and "
        "counts only once it has begun before death (immortal time where the window reaches past day 0). *Adjusted*: "
        "beside what the cohort adjusted for. *Known at day 0*: the same without immortal time. *As far*: share of "
        "cohorts, gates off, at least as far from 1 as published. *Gates on*: crude, confounding and mechanism. "
        "*Pool*: factor by which the medians may be off since the pool is finite (one standard error; the same patient "
        "numbers are in every pool, so the designs err together).",
        "",
        *_designs(found["designs"]),
        *_illness(found),
        *_paradox(found["paradox"]),
        *_mechanism(found),
        *_features(found["features"]),
        *_limits(found["designs"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def confounding_text(found: Json) -> str:
    """A short table for the terminal."""
    return "\n".join([*_designs(found["designs"]), *_mechanism(found), *_paradox(found["paradox"])]).strip()


def _designs(designs: list[Json]) -> list[str]:
    head = (
        "| cohort | drug pool | exposure, days | n (exposed) | | published | chance | crude | adjusted | "
        "crude, known at day 0 | adjusted, known at day 0 | as far: crude, adjusted | p < 0.05: harm, benefit | "
        "gates on | pool |"
    )
    lines = ["## Published cohorts", "", head, "|" + "---|" * 15]
    for one in designs:
        first, last = one["window"]
        for outcome, word in OUTCOMES.items():
            got = one[outcome]
            if outcome == "pfs" and got["published"] is None and one["os"]["published"] is not None:
                continue
            crude = got["crude"]
            cells = [
                one["label"], one["pool"], f"{one['exposure']} {first:+g} to {last:+g}",
                f"{one['n']} ({one['exposed_n']})", word, _published(got["published"], one["direction"]),
                *(_ratio(got[name]) for name in ("chance", "crude", "adjusted")),
                *(_ratio(got[name]) for name in ("crude_no_immortal", "adjusted_no_immortal")),
                f"{_share(crude.get('as_far_as_published'))}, {_share(got['adjusted'].get('as_far_as_published'))}",
                f"{_share(crude.get('significant_harm'))}, {_share(crude.get('significant_benefit'))}",
                _ratio(got["gates_on"]), f"x {got['pool_error']}",
            ]  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
    return [*lines, "", "(m): ratio of printed medians, in place of a hazard ratio that is not printed.", ""]


def _illness(found: Json) -> list[str]:
    mine = [one for one in found["designs"] if "illness" in one["os"]]
    if not mine:
        return []
    shares = [step["deaths"] for step in mine[0]["os"]["illness"]]
    factors = [step["factor"] for step in mine[0]["os"]["strength"]]
    columns = [
        *("cohort", "published", "as the tables have it"),
        *(f"ties x {factor:g}" for factor in factors),
        *(f"{share:.0%} die" for share in shares),
        "deaths needed for the published",
    ]
    lines = [
        "## How strong confounding would have to be",
        "",
        "Median crude hazard ratio of death, gates off. *Ties*: every correlation of exposure with liver function, CRP "
        "and performance status (`baseline_correlation.csv`, most of them assumed) multiplied. *Die*: the infection "
        "that calls for the antibiotic is not in the model; added by hand, this share of the exposed dies of it within "
        f"{found['illness_days']:g} days. Infected patients with cirrhosis die in 30% at one month "
        "(doi:10.1053/j.gastro.2010.06.019: 178 studies); courses around a first dose are milder.",
        "",
        "| " + " | ".join(columns) + " |",
        "|" + "---|" * len(columns),
    ]
    for one in mine:
        got = one["os"]
        needed = got["illness_needed"]
        steps = [str(step.get("median", "-")) for step in (got["crude"], *got["strength"], *got["illness"])]
        last = _share(needed) if needed is not None else _beyond(got["published"])
        lines.append(
            f"| {one['label']} | {_published(got['published'], one['direction'])} | {' | '.join(steps)} | {last} |"
        )
    return [*lines, ""]


def _beyond(published: Json | None) -> str:
    return "-" if published is None or published["value"] <= 1 else "more than all of these"


def _paradox(one: Json | None) -> list[str]:
    if one is None:
        return []
    ratios = len(OUTCOMES) * len(one["cohorts"])
    return [
        "## The paradox by confounding and chance",
        "",
        f"One cohort of each of {len(one['cohorts'])} antibiotic designs, gates off: somewhere harm with p < 0.05 in "
        f"{one['harm_somewhere']:.0%} of such literatures, somewhere a ratio below 1 in "
        f"{one['below_1_somewhere']:.0%}, both in {one['both']:.0%}. {ratios} independent ratios (OS and PFS) without "
        f"any confounder would hold such harm in {1 - (1 - TAIL) ** ratios:.0%}: searching is most of it.",
        "",
    ]


def _mechanism(found: Json) -> list[str]:
    if not found["mechanism"]:
        return []
    low, high = found["bar"]
    lines = [
        "## The mechanism alone",
        "",
        "Gates drawn, no confounding: the same virtual patients all with and all without a course between day -30 and "
        f"+30. 90% over draws of the mechanisms. Bar: {low:g} to {high:g}.",
        "",
        "| drug | patients | course begins | OS | PFS | response with, without | inside the bar |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found["mechanism"]:
        for course in dict.fromkeys(effect["course"] for effect in one["effects"]):
            got = {effect["outcome"]: effect for effect in one["effects"] if effect["course"] == course}
            ratios = [f"{got[k]['hazard_ratio']} ({got[k]['low']} to {got[k]['high']})" for k in OUTCOMES]
            response = f"{got['response']['with']:.1%}, {got['response']['without']:.1%}"
            inside = "yes" if all(got[k]["inside_bar"] for k in OUTCOMES) else "no"
            lines.append(
                f"| {one['regimen']} | {one['patients']} | {course} | {' | '.join(ratios)} | {response} | {inside} |"
            )
    return [*lines, ""]


def _features(found: list[Json]) -> list[str]:
    lines = [
        "## Features of the baseline gut and response",
        "",
        "Odds ratio per standard deviation (normal score) and AUC; in brackets 90% of cohorts of that size.",
        "",
    ]
    for one in found:
        sizes = [cohort["n"] for cohort in one["cohorts"]]
        lines += [
            f"### {one['regimen']}, gates {one['gates']}: {one['patients']} patients, response {one['response']:.1%}",
            "",
            "| feature | odds ratio | AUC | " + " | ".join(f"AUC in {n}" for n in sizes) + " |",
            "|---|---|---|" + "---|" * len(sizes),
        ]
        for row in one["features"]:
            spans = [f"{row[f'auc_{n}']['low']} to {row[f'auc_{n}']['high']}" for n in sizes]
            lines.append(f"| {row['label']} | {row['odds_ratio']} | {row['auc']} | {' | '.join(spans)} |")
        best = "; ".join(
            f"{cohort['n']} patients: AUC {_span(cohort['best_auc'])}, "
            f"odds ratio {_span(cohort['furthest_odds_ratio'])}"
            for cohort in one["cohorts"]
        )
        lines += ["", f"The best of all {len(one['features'])} features in a cohort (either direction): {best}.", ""]
    return lines


def _limits(designs: list[Json]) -> list[str]:
    lines = ["## Where the designs were read", "", "| cohort | source | assumed | note |", "|---|---|---|---|"]
    lines += [f"| {one['label']} | {one['source']} | {one['assumed']} | {one['note']} |" for one in designs]
    return [
        *lines,
        "",
        "Not held: a course's day moved into a design's window is not simulated anew (gates on); patients are the "
        "pool's, not each country's; who dies or leaves is followed for 730 days;"
        " sampling from a pool repeats patients.",
    ]


def _published(one: Json | None, direction: str) -> str:
    if one is None:
        return direction.replace("_", " ")
    interval = "" if one["low"] is None else f" ({one['low']:g} to {one['high']:g})"
    return f"{one['value']:g}{interval}{' (m)' if one['of_medians'] else ''}"


def _ratio(one: Json | None) -> str:
    return "-" if not one or not one["cohorts"] else f"{one['median']:.2f} ({one['low']:.2f} to {one['high']:.2f})"


def _span(one: Json) -> str:
    return f"{one['median']} ({one['low']} to {one['high']})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
