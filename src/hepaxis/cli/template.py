"""``hepaxis template``: a commented clinic sheet to fill in."""

from __future__ import annotations

import typer


def template() -> None:
    """Print a commented patient.yaml."""
    from hepaxis.patient import template as text

    typer.echo(text())
