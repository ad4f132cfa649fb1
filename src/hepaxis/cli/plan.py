"""``hepaxis plan``: from a patient's folder to report.html, plan.json and run.json.

A short ranked table goes to stdout, progress to stderr.  The output folder appears whole or not at all.
"""

from __future__ import annotations

import errno
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer


def plan(
    patient_dir: Annotated[Path, typer.Argument(help="Folder with patient.yaml and a stool profile.")],
    out: Annotated[Path, typer.Option(help="Folder to write; made if it is not there.")],
    json: Annotated[bool, typer.Option("--json", help="Write plan.json to stdout instead of the table.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 20261201,
    patients: Annotated[
        int | None, typer.Option(help="Virtual hosts in place of 50; each meets every draw of the mechanism.", min=10)
    ] = None,
    strategies: Annotated[
        str | None, typer.Option(help="How many to try in place of 40, or ids: 'udca,akkermansia+fibre'.")
    ] = None,
    donors: Annotated[Path | None, typer.Option(help="Folder of stool donors' profiles to rank.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the folder.")] = False,
) -> None:
    """Rank microbiota-targeted combinations for one patient. Research use only, not for treatment decisions."""
    from hepaxis.patient import load
    from hepaxis.plan.make import Options, make_plan
    from hepaxis.plan.record import run_record
    from hepaxis.problems import InputError, error
    from hepaxis.report import dump_plan, render, summary_table
    from hepaxis.report.write import write_whole

    can_be_written(out)
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        hint = "choose another folder or add --overwrite"
        raise InputError([error("plan.out", "the output folder is not empty", hint, file=str(out))])
    began = time.monotonic()
    folder = load(patient_dir)
    options = Options(seed=seed, donors=donors)
    if patients is not None:
        options = replace(options, hosts=patients)
    if strategies is not None:
        limit, asked = _strategies(strategies)
        options = replace(options, limit=limit, asked=asked)
    made = make_plan(
        folder, options, progress=lambda what: typer.echo(f"[{time.monotonic() - began:5.1f} s] {what}", err=True)
    )
    text = dump_plan(made)
    record = run_record(folder, made, options, out)
    write_whole(out, {"report.html": render(made), "plan.json": text, "run.json": record})
    typer.echo(text if json else summary_table(made))
    typer.echo(f"[{time.monotonic() - began:5.1f} s] wrote {out / 'report.html'}", err=True)


def can_be_written(out: Path) -> None:
    """Raises OSError now rather than after the work: ``out`` is a file, or nothing can be made there."""
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "the output is a file, not a folder", str(out))
    nearest = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "nothing can be written there", str(nearest))


def _strategies(text: str) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """``10`` -> how many; ``udca,akkermansia+fibre`` -> component lists."""
    if text.strip().isdigit():
        return max(1, int(text)), ()
    return 0, tuple(tuple(part.strip().split("+")) for part in text.split(",") if part.strip())
