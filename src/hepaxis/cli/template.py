"""``hepaxis template``: a commented clinic sheet to fill in, or a commented scenario."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Sheet(StrEnum):
    """What a template can be had of."""

    patient = "patient"
    scenario = "scenario"


def template(
    kind: Annotated[
        Sheet, typer.Argument(help="patient: the clinic sheet; scenario: a file for simulate.")
    ] = Sheet.patient,
) -> None:
    """Print a commented patient.yaml, or a commented scenario."""
    if kind is Sheet.scenario:
        from hepaxis.exchange.template import scenario_template

        typer.echo(scenario_template(), nl=False)
        return
    from hepaxis.patient import template as text

    typer.echo(text())
