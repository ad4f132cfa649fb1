"""``hepaxis check PATH``: every problem of a patient's folder, a sheet, a clinical table or a profile, at once."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer

from hepaxis.problems import InputError, Problem, error, has_errors

SEVERITIES = ("error", "warning", "info")


def check(
    path: Annotated[Path, typer.Argument(help="A patient's folder, patient.yaml, metabolites.csv, profile or table.")],
    json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """List every problem at once: file, row, column, what was found, what to do. Exit code 1 when any is an error."""
    from hepaxis.patient import check as check_path

    try:
        problems = check_path(path)
    except InputError as fault:
        problems = list(fault.problems)
    except (OSError, ValueError, KeyError, TypeError) as fault:  # a fault of ours must still read as a line
        found = f"could not be checked: {type(fault).__name__}: {fault}"
        problems = [error("check.failed", found, "please report this file's shape", file=str(path))]
    if json:
        counts = {severity: sum(p.severity.value == severity for p in problems) for severity in SEVERITIES}
        listed = [problem.as_dict() for problem in problems]
        typer.echo(jsonlib.dumps({"path": str(path), "counts": counts, "problems": listed}, indent=1))
    else:
        _print(path, problems)
    raise typer.Exit(1 if has_errors(problems) else 0)


def _print(path: Path, problems: list[Problem]) -> None:
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file or str(path), []).append(problem)
    for file, found in by_file.items():
        typer.echo(file)
        for problem in sorted(found, key=lambda one: (order[one.severity.value], one.row or 0)):
            place = f"row {problem.row}" if problem.row is not None else ""
            place += f" {problem.column}" if problem.column else ""
            where = f"{place.strip()}: " if place.strip() else ""
            hint = f" -> {problem.hint}" if problem.hint else ""
            typer.echo(f"  {problem.severity.value:<8}{where}{problem.found}{hint} [{problem.code}]")
        typer.echo("")
    counts = [(severity, sum(p.severity.value == severity for p in problems)) for severity in SEVERITIES]
    said = ", ".join(f"{count} {name}{'s' if count != 1 and name != 'info' else ''}" for name, count in counts)
    typer.echo(f"{said}. Research use only, not for treatment decisions.")
