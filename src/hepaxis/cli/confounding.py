"""`hepaxis trial confounding`: what observational cohorts find when the gut does nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer


def confounding(
    design: Annotated[str | None, typer.Argument(help="A published cohort; without it all.")] = None,
    cohort: Annotated[list[str] | None, typer.Option(help="A published cohort; several times for several.")] = None,
    patients: Annotated[int, typer.Option(help="Virtual patients a drug and setting of the gates.")] = 1500,
    cohorts: Annotated[int, typer.Option(help="Cohorts drawn of every design.")] = 200,
    seed: Annotated[int, typer.Option(help="Of patients, exposure and cohorts.")] = 1,
    off_only: Annotated[bool, typer.Option("--off-only", help="Leave out the runs with the gates on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for confounding.json and .md.")] = None,
) -> None:
    """Draw published antibiotic and PPI cohorts anew with the gut switched off, beside what they reported.

    Gates off, no causal effect: hazard ratios of cohorts of that size, crude and adjusted, with and without immortal
    time; then the mechanism alone, and features of the gut with response. Research use only.
    """
    from hepaxis.cli.plan import can_be_written
    from hepaxis.report.write import write_whole
    from hepaxis.trial.confounding_page import confounding_page, confounding_text
    from hepaxis.trial.confounding_study import confounding as study

    began = time.monotonic()
    if out is not None:
        can_be_written(out)
    asked = [*([design] if design else []), *(cohort or [])]
    found = study(
        asked,
        patients=patients,
        cohorts=cohorts,
        seed=seed,
        gates_on=not off_only,
        say=lambda text: typer.echo(f"[{time.monotonic() - began:5.1f} s] {text}", err=True),
    )
    text = json.dumps(found, indent=1)
    if out is not None:
        write_whole(out, {"confounding.json": text + "\n", "confounding.md": confounding_page(found)})
    typer.echo(text if as_json else confounding_text(found))
