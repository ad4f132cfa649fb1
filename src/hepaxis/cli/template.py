"""``hepaxis template``: a commented clinic sheet to fill in, or a commented scenario or trial design."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Sheet(StrEnum):
    """What a template can be had of."""

    patient = "patient"
    scenario = "scenario"
    trial = "trial"


def template(
    kind: Annotated[
        Sheet,
        typer.Argument(help="patient: the clinic sheet; scenario: a file for simulate; trial: the design of a trial."),
    ] = Sheet.patient,
) -> None:
    """Print a commented patient.yaml, scenario or trial design."""
    if kind is Sheet.scenario:
        from hepaxis.exchange.template import scenario_template

        typer.echo(scenario_template(), nl=False)
        return
    if kind is Sheet.trial:
        from hepaxis.trial import design_template

        typer.echo(design_template(), nl=False)
        return
    from hepaxis.patient import template as text

    typer.echo(text())
