"""The command's entry: registers each verb and turns input errors into a list and an exit code."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def hepaxis() -> None:
    """The gut-microbiota-liver axis in HCC immunotherapy. Research use only, not for treatment decisions."""


def main() -> None:
    app()
