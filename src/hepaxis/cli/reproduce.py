"""`hepaxis trial reproduce`: published arms simulated anew beside what was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def reproduce(
    patients: Annotated[int, typer.Option(min=1, help="Virtual patients an arm (16000 for figures to quote).")] = 1600,
    draws: Annotated[int, typer.Option(min=2, help="Draws of the calibrated values they are spread over.")] = 8,
    use: Annotated[list[str] | None, typer.Option(help="fit, validate or predict; several times for several.")] = None,
    seed: Annotated[int, typer.Option(help="Of patients and chances.")] = 99,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the JSON here.")] = None,
) -> None:
    """Simulate the published arms: response, progression and survival beside the published figures.

    Rows marked fit were calibrated to; rows marked validate never were; predict rows have no published figure to meet.
    """
    from hepaxis import axis, knowledge
    from hepaxis.problems import InputError, error
    from hepaxis.report.write import write_whole
    from hepaxis.trial.arms_page import arms_page
    from hepaxis.trial.reproduce import USES, score
    from hepaxis.trial.reproduce import reproduce as simulate

    uses = tuple(use or USES)
    hint = f"known are {', '.join(USES)}"
    if faults := [error("trial.use", f"no rows of use '{name}'", hint) for name in uses if name not in USES]:
        raise InputError(faults)
    records = simulate(patients, draws, seed, uses=uses, say=lambda text: typer.echo(text, err=True))
    scores = {name: score(records, name) for name in uses if name != "predict"}
    document = {
        "statement": "Research use only, not for treatment decisions.",
        "stamp": {"model": axis.build().hash, "knowledge": knowledge.content_hash()[:16]},
        "patients": patients,
        "draws": draws,
        "seed": seed,
        "scores": scores,
        "arms": records,
    }
    text = json.dumps(document, indent=1)
    if out is not None:
        write_whole(out.parent, {out.name: text + "\n"})
    typer.echo(text if as_json else "\n".join(arms_page(records, scores)).strip())
