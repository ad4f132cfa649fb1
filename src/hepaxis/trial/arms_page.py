"""The table of reproduced arms as text: one line an arm and outcome, failures marked as plainly as successes."""

from __future__ import annotations

from typing import Any

WORDS = {
    "orr": "response, %",
    "cr": "complete response, %",
    "dcr": "disease control, %",
    "pd": "progression as best response, %",
    "pfs": "progression-free survival, months",
    "os": "overall survival, months",
}
USES = {
    "fit": "Fitted",
    "validate": "Held out: never fitted",
    "predict": "Predicted: no bar",
}


def arms_page(records: list[dict[str, Any]], scores: dict[str, dict[str, Any]]) -> list[str]:
    """Lines of Markdown."""
    lines: list[str] = []
    for use, title in USES.items():
        mine = [record for record in records if record["use"] == use]
        if not mine:
            continue
        lines += ["", f"### {title} ({len(mine)} arms)", ""]
        if use in scores:
            lines += [_sentence(scores[use]), ""]
        head = " | ".join(f"{word} published | simulated (90%)" for word in WORDS.values())
        lines += [
            f"| arm | n | response inside the published 95% | {head} |",
            "|---|---|---|" + "---|---|" * len(WORDS),
        ]
        lines += [_line(record) for record in mine]
    return lines


def _line(record: dict[str, Any]) -> str:
    outcomes = record["outcomes"]
    orr = outcomes["orr"]
    mark = "-" if "inside" not in orr else "inside" if orr["inside"] else "**outside**"
    if "inside" in orr:
        mark += f" {orr['published_low']:.3g}-{orr['published_high']:.3g}"
    cells = []
    for outcome in WORDS:
        one = outcomes[outcome]
        published = "-" if one["published"] is None else f"{one['published']:g}"
        missed = "" if one.get("covered", True) else " **out**"
        cells.append(f"{published} | {_text(one['simulated'])} ({_text(one['low'])}-{_text(one['high'])}){missed}")
    return f"| {record['label']} | {record['n']} | {mark} | " + " | ".join(cells) + " |"


def _text(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.1f}"


def _sentence(score: dict[str, Any]) -> str:
    response, coverage = score["response"], score["coverage"]
    parts = [
        f"Response inside the published interval in {response['inside']} of {response['of']} arms (null predictors: "
        f"same drug classes {response['null_class']}, all immunotherapy {response['null_immunotherapy']}, one constant "
        f"{response['null_constant']}).",
        f"The 90% interval holds {coverage['covered']} of {coverage['of']} published figures.",
    ]
    for outcome, word in (("pfs", "progression-free"), ("os", "overall")):
        one = score[outcome]
        if one["log_error"] is not None:
            nulls = ", ".join(f"{name} {value:.3f}" for name, value in one["nulls"].items())
            parts.append(
                f"Mean absolute log error of median {word} survival {one['log_error']:.3f} over {one['of']} arms "
                f"(nulls: {nulls})."
            )
    return " ".join(parts)
