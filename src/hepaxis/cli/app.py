"""The command's entry: registers each verb and turns input errors into a list and an exit code.

Exit codes: 0 done, 1 the input has errors (all are listed on stderr), 2 the command line is wrong, 3 the output cannot
be written, 4 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from hepaxis.cli.check import check
from hepaxis.cli.cohort import cohort
from hepaxis.cli.evidence import evidence
from hepaxis.cli.export import export
from hepaxis.cli.mimics import mimics
from hepaxis.cli.model import model
from hepaxis.cli.plan import plan
from hepaxis.cli.profile import profile
from hepaxis.cli.runs import runs
from hepaxis.cli.serve import serve
from hepaxis.cli.simulate import simulate
from hepaxis.cli.template import template
from hepaxis.cli.trial import trial
from hepaxis.cli.what_if import what_if
from hepaxis.problems import InputError

EXIT_INPUT = 1
EXIT_OUTPUT = 3
EXIT_INTERRUPTED = 4

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        from hepaxis import __version__

        typer.echo(f"hepaxis {__version__}")
        raise typer.Exit()


@app.callback()
def hepaxis(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """The gut-microbiota-liver axis in HCC immunotherapy. Research use only, not for treatment decisions."""


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """Caught in here: versions of typer differ in the exit code they make of an interrupt."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo("interrupted; nothing was written", err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None

    return run


for command in (plan, check, cohort, profile, simulate, template, what_if, serve):
    app.command()(_interruptible(command))
app.add_typer(evidence, name="evidence")
app.add_typer(export, name="export")
app.add_typer(mimics, name="mimics")
app.add_typer(model, name="model")
app.add_typer(trial, name="trial")
app.add_typer(runs, name="runs")


def main() -> None:
    """Run the command line; never a traceback for a fault of the input or the output folder."""
    try:
        app()
    except InputError as found:
        for problem in found.problems:
            typer.echo(str(problem), err=True)
        sys.exit(EXIT_INPUT)
    except OSError as found:
        typer.echo(f"error: cannot read or write: {found}", err=True)
        sys.exit(EXIT_OUTPUT)
