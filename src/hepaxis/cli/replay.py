"""``hepaxis replay``, ``compare`` and ``cite``: what was run before: again, beside another run, and its sources."""

from __future__ import annotations

import json as text_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hepaxis.plan.schema import Plan

RunFolder = Annotated[Path, typer.Argument(help="Folder that `hepaxis plan` wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


def replay(
    run: RunFolder,
    patient: Annotated[Path | None, typer.Option(help="The patient's folder, if it was moved.")] = None,
    donors: Annotated[Path | None, typer.Option(help="The donors' folder, if it was moved.")] = None,
) -> None:
    """Repeat a run from its inputs and say whether report.html and plan.json are the same, bit for bit."""
    from dataclasses import replace

    from hepaxis.patient import load
    from hepaxis.plan.make import donor_files, make_plan, versions
    from hepaxis.plan.record import changes_since, options_of, read_record
    from hepaxis.problems import InputError, error
    from hepaxis.report import dump_plan, render
    from hepaxis.report.write import PLAN, REPORT

    recorded = read_record(run)
    where = patient or recorded.patient
    if where is None:
        hint = "give --patient with the folder the plan was made of"
        raise InputError([error("run.no_folder", "the record names no folder", hint, file=str(run))])
    folder = load(where)
    options = options_of(recorded, donors or recorded.donors)
    if problems := changes_since(recorded, folder.files | donor_files(options.donors), versions()):
        raise InputError(problems)
    made = replace(make_plan(folder, options, lambda what: typer.echo(what, err=True)), made=recorded.made)
    faults = []
    for name, text in ((PLAN, dump_plan(made)), (REPORT, render(made))):
        same = (run / name).is_file() and (run / name).read_bytes() == text.encode()
        typer.echo(f"{name}: {'the same, bit for bit' if same else 'differs'}")
        if not same:
            hint = "the file was changed, or another processor or library gives other numbers; see `hepaxis compare`"
            faults.append(error("run.differs", f"{name} is not what the inputs give", hint, file=str(run / name)))
    if faults:
        raise InputError(faults)


def compare(
    run_a: Annotated[Path, typer.Argument(help="Folder of a run.")],
    run_b: Annotated[Path, typer.Argument(help="Folder of another run.")],
    json: AsJson = False,
) -> None:
    """Set two runs beside each other: inputs, answer, estimates and strategies."""
    from hepaxis.report.compare import compare_document, compare_text

    a, b = _plan(run_a), _plan(run_b)
    typer.echo(text_of.dumps(compare_document(a, b), ensure_ascii=False, indent=2) if json else compare_text(a, b))


def cite(run: RunFolder, json: AsJson = False) -> None:
    """Print exactly the sources a run used, with how far each was checked (JSON: CSL items)."""
    from hepaxis.report.cite import cite_document, cite_text

    plan = _plan(run)
    typer.echo(text_of.dumps(cite_document(plan), ensure_ascii=False, indent=2) if json else cite_text(plan))


def _plan(run: Path) -> Plan:
    from hepaxis.problems import InputError, error
    from hepaxis.report import load_plan
    from hepaxis.report.write import PLAN

    path = run / PLAN
    if not path.is_file():
        raise InputError([error("run.none", f"there is no {PLAN}", "give a folder of a run", file=str(run))])
    return load_plan(path.read_text(encoding="utf-8"), file=str(path))
