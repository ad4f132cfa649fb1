"""``hepaxis runs``: what a workspace of ``hepaxis serve`` keeps, and taking it away."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from hepaxis.cli.serve import WORKSPACE, Workspace

runs = typer.Typer(no_args_is_help=True)


@runs.callback()
def about() -> None:
    """List, delete or purge what `hepaxis serve` keeps; the server must not be running."""


@runs.command("list")
def list_runs(
    workspace: Workspace = WORKSPACE, json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the runs of a workspace, newest first."""
    from hepaxis.server import open_workspace

    kept = open_workspace(workspace, make=False)
    try:
        jobs = kept.store.jobs()
    finally:
        kept.close()
    if json:
        rows = [
            {"id": job.id, "kind": job.kind, "state": job.state, "created": job.created, "digest": job.digest}
            for job in jobs
        ]
        typer.echo(jsonlib.dumps(rows, indent=1))
        return
    for job in jobs:
        typer.echo(f"{job.id}  {job.kind:<8}{job.state:<11}{workspace / 'runs' / job.id}")
    typer.echo(f"{len(jobs)} run{'' if len(jobs) == 1 else 's'}")


@runs.command()
def delete(
    run: Annotated[str, typer.Argument(help="Id of the run, as `runs list` prints it.")],
    workspace: Workspace = WORKSPACE,
) -> None:
    """Delete one run and its files."""
    from hepaxis.problems import InputError, error
    from hepaxis.server import open_workspace

    kept = open_workspace(workspace, make=False)
    try:
        kept.store.job(run)
        kept.delete_run(run)
    except KeyError:
        raise InputError([error("runs.unknown", f"there is no run '{run}'", "see `hepaxis runs list`")]) from None
    finally:
        kept.close()
    typer.echo(f"deleted {run}")


@runs.command()
def purge(
    workspace: Workspace = WORKSPACE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every patient, run and job of a workspace."""
    from hepaxis.server import open_workspace

    if not yes:
        typer.confirm(f"Delete every patient and run in {workspace}?", abort=True)
    kept = open_workspace(workspace, make=False)
    try:
        patients, jobs = kept.purge()
    finally:
        kept.close()
    typer.echo(f"deleted {patients} patients and {jobs} runs")
