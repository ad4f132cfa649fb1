"""``hepaxis trial``: run a virtual trial, list the designs that come with the program, summarise or draw a run again.

A short table goes to stdout, progress to stderr.  A run that is interrupted leaves the folder as it was.
"""

from __future__ import annotations

import json as jsonlib
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from hepaxis.cli.confounding import confounding
from hepaxis.cli.reproduce import reproduce
from hepaxis.cli.trial_power import power, scan

trial = typer.Typer(no_args_is_help=True)
trial.command()(reproduce)
trial.command()(power)
trial.command()(scan)
trial.command()(confounding)

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
SHOWN = ("response", "disease_control", "complete_response", "durable_response", "severe_immune_events")
MONTH = 30.4375
EXIT_INTERRUPTED = 4


@trial.callback()
def about() -> None:
    """Virtual trials: run a design, list those that come with the program, summarise or draw a run."""
    from hepaxis import STATEMENT

    typer.echo(STATEMENT, err=True)


@trial.command("list")
def list_designs(json: Json = False) -> None:
    """List the designs that come with the program."""
    from hepaxis.trial import built_in_designs, load_design

    designs = {name: load_design(name) for name in built_in_designs()}
    if json:
        rows = [
            {
                "id": id,
                "name": one.name,
                "mode": one.mode,
                "patients": one.n,
                "arms": [arm.id for arm in one.arms],
                "statement": one.statement.strip(),
            }
            for id, one in designs.items()
        ]
        typer.echo(jsonlib.dumps(rows, indent=2))
        return
    for id, one in designs.items():
        typer.echo(f"{id}: {one.name}; {one.mode}, {one.n} patients, arms {', '.join(arm.id for arm in one.arms)}")
        typer.echo(f"    {' '.join(one.statement.split())}")


@trial.command()
def run(
    design: Annotated[str, typer.Argument(help="Design (YAML; `hepaxis template trial`), or a name of `trial list`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made if it is not there.")],
    patients: Annotated[int | None, typer.Option(help="Patients in place of the design's number.")] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the work; the result is the same.")] = 1,
    json: Json = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the folder.")] = False,
) -> None:
    """Run a virtual trial, summarise and draw it. Research use only, not for treatment decisions."""
    from hepaxis.cli.plan import can_be_written
    from hepaxis.problems import InputError, error
    from hepaxis.report.trial_page import write_trial
    from hepaxis.trial import load_design, run_trial
    from hepaxis.trial.summary import write_summary

    began = time.monotonic()

    def progress(done: int, of: int) -> None:
        typer.echo(f"[{time.monotonic() - began:5.1f} s] {done} of {of} patients", err=True)

    can_be_written(out)
    if out.is_dir() and not overwrite and any(not there.name.startswith(".") for there in out.iterdir()):
        hint = "choose another folder or add --overwrite"
        raise InputError([error("trial.out", "the output folder is not empty", hint, file=str(out))])
    asked = load_design(design)
    typer.echo(" ".join(asked.statement.split()), err=True)
    try:
        run_trial(asked, out, workers=workers, patients=patients, progress=progress)
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on from what is done", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = write_summary(out)
    page = write_trial(out)
    typer.echo(jsonlib.dumps(found, indent=1) if json else _table(found))
    typer.echo(f"[{time.monotonic() - began:5.1f} s] wrote {out / 'trial.json'} and {page}", err=True)


@trial.command()
def summary(
    folder: Annotated[Path, typer.Argument(help="Folder that `hepaxis trial run` wrote.")], json: Json = False
) -> None:
    """Summarise a run again, from its parts."""
    from hepaxis.cli.plan import can_be_written
    from hepaxis.trial.summary import write_summary

    can_be_written(folder)
    found = write_summary(folder)
    typer.echo(jsonlib.dumps(found, indent=1) if json else _table(found))


@trial.command()
def report(folder: Annotated[Path, typer.Argument(help="Folder that `hepaxis trial run` wrote.")]) -> None:
    """Draw a run again: report.html, one offline page made from its trial.json."""
    from hepaxis.report.trial_page import write_trial

    typer.echo(f"wrote {write_trial(folder)}")


def _table(found: dict[str, Any]) -> str:
    """Arms and contrasts in plain text."""
    lines = [found["design"]["name"]]
    for arm in found["arms"]:
        lines.append(f"\n{arm['label']} ({arm['id']}): {arm['n']} simulated, {arm['trial_n']} in the trial")
        for name in SHOWN:
            lines.append(f"    {name.replace('_', ' '):<24}{_percent(arm['rates'][name])}")
        for name, label in (("pfs", "median PFS"), ("os", "median OS")):
            lines.append(f"    {label:<24}{_months(arm['times'][name]['median'])}")
    if found["contrasts"]:
        lines.append(f"\nagainst {found['design']['control']}; in brackets what a trial of this size would show")
    for one in found["contrasts"]:
        lines.append(f"    {one['arm']:<26}{one['label'][:36]:<38}{one['kind'].replace('_', ' '):<22}{_value(one)}")
    return "\n".join([*lines, "", *found["notes"]])


def _percent(one: dict[str, Any]) -> str:
    if one["estimate"] is None:
        return "-"
    low, high = (100 * one["trial"][side] for side in ("low", "high"))
    return f"{100 * one['estimate']:5.1f}%  [{low:.0f}-{high:.0f}]{_by_draws(one, 100)}"


def _by_draws(one: dict[str, Any], scale: float = 1.0) -> str:
    draws = one["draws"]
    if draws is None:
        return ""
    return f"  sd of draws {scale * draws['sd']:.2g}, at most {scale * draws['sd_most']:.2g}"


def _months(one: dict[str, Any]) -> str:
    if one["estimate"] is None:
        return "not reached"
    low, high = (one["trial"][side] for side in ("low", "high"))
    return f"{one['estimate'] / MONTH:5.1f} months  [{_side(low)}-{_side(high)}]"


def _side(day: float | None) -> str:
    return "..." if day is None else f"{day / MONTH:.1f}"


def _value(one: dict[str, Any]) -> str:
    if one["estimate"] is None:
        return "-"
    low, high = one["trial"]["low"], one["trial"]["high"]
    return f"{one['estimate']:7.2f}  [{low:.2f} to {high:.2f}]{_by_draws(one)}"
