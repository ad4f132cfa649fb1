"""``hepaxis export``: a scenario in the languages of other tools: SBML, COMBINE archive, PEtab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hepaxis.exchange import Setting

export = typer.Typer(no_args_is_help=True)

ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file (YAML); `hepaxis template scenario` prints one.")]
Person = Annotated[int, typer.Option(help="Which person of the scenario, from 1.", min=1)]


@export.callback()
def about() -> None:
    """Hand a scenario to other tools: SBML with events, a COMBINE archive, or a PEtab problem."""
    from hepaxis import STATEMENT

    typer.echo(STATEMENT, err=True)


@export.command()
def sbml(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")],
    person: Person = 1,
) -> None:
    """Write the model of one person with the protocol as events (SBML L3V2)."""
    from hepaxis.exchange.archive import exported_sbml

    _write(out, exported_sbml(_prepared(scenario, person), person - 1).encode())


@export.command()
def omex(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (.omex).")],
    person: Person = 1,
) -> None:
    """Write a COMBINE archive of one person: the model with events, SED-ML with report and plots, metadata."""
    from hepaxis.exchange import archive

    _write(out, archive.omex(_prepared(scenario, person), person - 1))


@export.command()
def petab(
    scenario: ScenarioFile,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made if it is not there.")],
    measurements: Annotated[
        Path | None, typer.Option(help="CSV: day, observable, value; optional person, sd. Else the model's own course.")
    ] = None,
    estimate: Annotated[str, typer.Option(help="Parameters to estimate, with commas between.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files in the folder.")] = False,
) -> None:
    """Write a PEtab 2 problem: every person an experiment, the protocol as its periods."""
    from hepaxis.cli.plan import can_be_written
    from hepaxis.exchange.petab import petab_problem, read_measurements
    from hepaxis.problems import InputError, error
    from hepaxis.report.write import write_whole

    can_be_written(out)
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        hint = "choose another folder or add --overwrite"
        raise InputError([error("export.out", "the output folder is not empty", hint, file=str(out))])
    setting = _prepared(scenario, 1)
    measured = None if measurements is None else read_measurements(measurements, setting)
    names = [name.strip() for name in estimate.split(",") if name.strip()]
    write_whole(out, petab_problem(setting, measured, names))


def _prepared(path: Path, person: int) -> Setting:
    from hepaxis.exchange import prepare, read_scenario
    from hepaxis.problems import InputError, error

    scenario = read_scenario(path)
    if person > scenario.people:
        raise InputError(
            [error("export.person", f"person {person}", f"the scenario has {scenario.people}", file=str(path))]
        )
    return prepare(scenario)


def _write(out: Path, content: bytes) -> None:
    """The file whole or not at all.  Raises OSError."""
    part = out.with_name(out.name + ".part")
    part.write_bytes(content)
    part.replace(out)
