"""``hepaxis what-if``: one setting of a patient's small twin, against the patient as sampled."""

from __future__ import annotations

import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def what_if(
    patient_dir: Annotated[Path, typer.Argument(help="Folder with patient.yaml and a stool profile.")],
    set: Annotated[list[str] | None, typer.Option(help="A capacity and its factor, 'butyrate=2'; may repeat.")] = None,
    off: Annotated[list[str] | None, typer.Option(help="A group of claims switched off, 'scfa'; may repeat.")] = None,
    strategy: Annotated[str, typer.Option(help="A strategy's id in place of the planned regimen.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Move a capacity or switch claims off in one patient's twin. Research use only, not for treatment decisions."""
    from hepaxis import STATEMENT
    from hepaxis.patient import load
    from hepaxis.plan.what_if import REMINDER, Moved, WhatIf
    from hepaxis.report import formats

    typer.echo(STATEMENT, err=True)
    moved = Moved(dict(_pair(text) for text in set or []), tuple(off or []), strategy)
    answer = WhatIf(load(patient_dir)).answer(moved)
    if json:
        typer.echo(jsonlib.dumps(asdict(answer), indent=1))
        return
    rows = (
        ("objective response", answer.response, answer.change_response),
        ("durable response", answer.durable, answer.change_durable),
        ("severe immune events", answer.severe, answer.change_severe),
    )
    for label, value, change in rows:
        told = formats.with_limits(change, formats.points)
        typer.echo(f"{label:<22}{formats.percent_with_range(value):<18}change {told} points")
    typer.echo(f"90% intervals, n = {answer.n} virtual patients. {REMINDER}")


def _pair(text: str) -> tuple[str, float]:
    from hepaxis.problems import InputError, error

    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise InputError([error("what_if.set", f"'{text}'", "write --set butyrate=2")]) from None
