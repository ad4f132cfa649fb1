"""Kinds of long work: what each does in its child process, and what makes two of its results equal.

Held: a kind is a function of a request (plain JSON), a source folder and an output folder; the same request gives the
same result, which is how a job is run again after a restart or replayed.  The rooms do the work.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hepaxis.server.children import Line

Progress = Callable[[float, float, str], None]
PLAN, TRIAL = "plan", "trial"
RESULT = {PLAN: "plan.json", TRIAL: "trial.json"}
WORDS = {PLAN: "Plan", TRIAL: "Virtual trial"}
DATED = ("made",)  # fields of a result that tell when it was made
PIECES = 10  # a trial's progress comes in about so many steps
LEAST_PIECE, MOST_PIECE = 20, 500


def work(line: Line, payload: dict[str, Any]) -> None:
    """Entry of the child: ``payload`` holds kind, request, source, out and the steps to expect."""

    def progress(done: float, total: float, note: str) -> None:
        line.say(progress=[done, total, note])

    kind = {PLAN: _plan, TRIAL: _trial}[payload["kind"]]
    out = Path(payload["out"])
    out.mkdir(parents=True, exist_ok=True)
    kind(payload["request"], Path(payload["source"]), out, progress, float(payload["expected"]))
    line.say(end="done")


def _plan(request: dict[str, Any], source: Path, out: Path, progress: Progress, expected: float) -> None:
    from hepaxis.patient import load
    from hepaxis.plan.make import Options, make_plan
    from hepaxis.plan.record import run_record
    from hepaxis.report import dump_plan, render
    from hepaxis.report.write import write_whole

    folder = load(source)
    options = Options(hosts=request["hosts"], seed=request["seed"], limit=request["limit"])
    step = 0

    def tick(what: str) -> None:
        nonlocal step
        step += 1
        progress(step, expected, what)

    made = make_plan(folder, options, tick)
    write_whole(
        out, {"report.html": render(made), "plan.json": dump_plan(made), "run.json": run_record(folder, made, options)}
    )


def _trial(request: dict[str, Any], source: Path, out: Path, progress: Progress, expected: float) -> None:
    from hepaxis.report.trial_page import write_trial
    from hepaxis.trial import parse_design, run_trial
    from hepaxis.trial.summary import write_summary

    design = parse_design(request["design"], file="design.yaml")
    n = design.n
    progress(0, n, "drawing virtual patients")
    piece = min(max(n // PIECES, LEAST_PIECE), MOST_PIECE)
    workers = max(1, min(int(request["workers"]), os.cpu_count() or 1)) if n > MOST_PIECE else 1
    run_trial(
        design,
        out,
        workers=workers,
        chunk=piece,
        progress=lambda done, of: progress(done, of, f"{done} of {of} patients"),
    )
    progress(n, n, "reading the trial")
    write_summary(out)
    write_trial(out)


def digest(kind: str, folder: Path) -> str:
    """SHA-256 of a run's result without the fields that tell its date."""
    result = json.loads((folder / RESULT[kind]).read_text(encoding="utf-8"))
    kept = {name: value for name, value in result.items() if name not in DATED}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
