"""``hepaxis model``: what the model stands on: parameters by grade, and its claims."""

from __future__ import annotations

from typing import Annotated

import typer

model = typer.Typer(no_args_is_help=True, help="What the model stands on: parameters by grade, and its claims.")

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


@model.command()
def describe(json: Json = False) -> None:
    """Count the model's parameters by module and grade."""
    from hepaxis import axis

    counts = axis.describe()
    typer.echo(counts.to_json(orient="index", indent=2) if json else counts.to_string())


@model.command()
def gates(json: Json = False) -> None:
    """List every claim about the gut: port, sign or disputed, prior, sources."""
    from hepaxis import axis

    table = axis.gate_table().reset_index()
    if json:
        typer.echo(table.to_json(orient="records", indent=2))
        return
    for row in table.to_dict("records"):
        direction = "raises" if row["sign"] > 0 else "lowers"
        sign = "disputed" if str(row["agreement"]).startswith("disputed") else direction
        typer.echo(f"{row['gate']}: {row['claim']}.")
        strength = f"strength {row['prior_mean']:g} (sd {row['prior_sd']:g})"
        typer.echo(f"    {sign} {row['port']}; {strength}; {row['sources']} [{row['grade']}]")


@model.command()
def sbml() -> None:
    """Print the assembled model as SBML."""
    from hepaxis import axis

    typer.echo(axis.build().sbml)
