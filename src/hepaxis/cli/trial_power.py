"""``hepaxis trial power`` and ``hepaxis trial scan``: how large a trial, which arm, and whether the model can say so.

A design is run once with its patients on every arm; the folder of a finished paired run may be given instead.
"""

from __future__ import annotations

import json as jsonlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from hepaxis.trial.design import Design

PATIENTS = 1_500
Source = Annotated[str, typer.Argument(help="Design (YAML or a name of `trial list`), or folder of a paired run.")]
Outcome = Annotated[str, typer.Option(help="response, disease_control, durable_response, pfs or os.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the JSON; made if it is not there.")]
Patients = Annotated[int, typer.Option(help="Virtual patients on every arm of a design that is run.")]
Workers = Annotated[int, typer.Option(help="Processes that share the work; the result is the same.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
NOTES = (
    "No randomised trial of the microbiota under immunotherapy of liver cancer has finished: the width is stated, not "
    "measured. It is the table trial/extrapolation.csv; by_width shows what it does.",
    "Sizes are of both arms together. Assurance counts a trial that is significant and favours the arm.",
)


def power(
    design: Source,
    arm: Annotated[str, typer.Option(help="Arm of the design.")],
    control: Annotated[str, typer.Option(help="Arm it is compared with.")],
    outcome: Outcome = "response",
    n: Annotated[str, typer.Option("--n", help="Patients of both arms together, by commas.")] = "50,100,200,400",
    out: Out = None,
    patients: Patients = PATIENTS,
    workers: Workers = 1,
    trials: Annotated[int, typer.Option(help="Simulated trials at each size.")] = 4_000,
    seed: Annotated[int, typer.Option(help="Of the simulated trials; the design has its own.")] = 1,
    json: AsJson = False,
) -> None:
    """Power, assurance and expected effect of a trial of two arms of a design. Research use only."""
    from hepaxis.problems import InputError
    from hepaxis.trial.effects import SCALES, check_asked, effects
    from hepaxis.trial.extrapolation import extrapolation, extrapolation_table
    from hepaxis.trial.power import check_sizes
    from hepaxis.trial.power import power as sized

    _writable(out)
    sizes = _sizes(n)
    check_sizes(sizes, trials)
    asked = _Asked(design)
    if faults := check_asked(asked.design, (arm,), control, outcome):
        raise InputError(faults)
    rows, stamp = asked.pool((arm,), control, patients, workers)
    found = effects({name: rows[name] for name in (control, arm)}, control, outcome)
    weights = [asked.design.arm(id).share for id in (arm, control)]
    share = weights[0] / sum(weights)
    made = sized(found, arm, sizes, extrapolation(SCALES[outcome]), share=share, trials=trials, seed=seed)
    _finish(asked, "power", made, extrapolation_table(SCALES[outcome]), stamp, out, json, _power_table)


def scan(
    design: Source,
    outcome: Outcome = "response",
    control: Annotated[str | None, typer.Option(help="Arm the others are compared with, if not the design's.")] = None,
    out: Out = None,
    patients: Patients = PATIENTS,
    workers: Workers = 1,
    seed: Annotated[int, typer.Option(help="Of the ranking; the design has its own.")] = 1,
    json: AsJson = False,
) -> None:
    """Rank a design's arms (timing, lead-in, donor), or say that they are alike. Research use only."""
    from hepaxis.problems import InputError, error
    from hepaxis.trial.effects import SCALES, check_asked, effects
    from hepaxis.trial.extrapolation import extrapolation, extrapolation_table
    from hepaxis.trial.ranking import ranking

    _writable(out)
    asked = _Asked(design)
    against = asked.design.control if control is None else control
    arms = tuple(one.id for one in asked.design.arms if one.id != against)
    faults = check_asked(asked.design, arms, against, outcome)
    if not arms:
        faults.append(error("trial.arm", "the design has one arm", "give a design with two arms or more"))
    if faults:
        raise InputError(faults)
    rows, stamp = asked.pool(arms, against, patients, workers)
    made = ranking(effects(rows, against, outcome), extrapolation(SCALES[outcome]), seed=seed)
    _finish(asked, "scan", made, extrapolation_table(SCALES[outcome]), stamp, out, json, _scan_table)


class _Asked:
    """What was named: a design, or the folder of a finished paired run."""

    def __init__(self, source: str) -> None:
        from hepaxis.trial import load_design
        from hepaxis.trial.effects import read_pool
        from hepaxis.trial.parts import MANIFEST

        self._began = time.monotonic()
        self._read: tuple[dict[str, pd.DataFrame], dict[str, object]] | None = None
        if (Path(source) / MANIFEST).is_file():
            made, rows, stamp = read_pool(Path(source))
            self.design: Design = made
            self._read = rows, stamp
        else:
            self.design = load_design(source)

    def pool(
        self, arms: tuple[str, ...], control: str, patients: int, workers: int
    ) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
        from hepaxis.trial.effects import paired_pool

        if self._read is not None:
            return self._read
        typer.echo(f"{patients} virtual patients stand on each of {len(arms) + 1} arms", err=True)

        def progress(done: int, of: int) -> None:
            typer.echo(f"[{time.monotonic() - self._began:5.1f} s] {done} of {of} patients", err=True)

        return paired_pool(self.design, arms, control, patients, workers=workers, progress=progress)


def _writable(out: Path | None) -> None:
    from hepaxis.cli.plan import can_be_written

    if out is not None:
        can_be_written(out)


def _sizes(text: str) -> list[int]:
    from hepaxis.problems import InputError, error

    words = [word.strip() for word in text.split(",") if word.strip()]
    if faults := [
        error("trial.size", f"'{word}' is no number of patients", "give whole numbers, as --n 50,100,200")
        for word in words
        if not word.isdigit()
    ]:
        raise InputError(faults)
    return [int(word) for word in words]


def _finish(
    asked: _Asked,
    kind: str,
    made: dict[str, Any],
    table: list[dict[str, str]],
    stamp: dict[str, object],
    out: Path | None,
    json: bool,
    drawn: Any,
) -> None:
    from hepaxis.trial.parts import write_json

    notes = list(NOTES)
    if asked.design.gates != "drawn":
        notes.append(f"Gates are {asked.design.gates}: what the mechanisms leave uncertain is not in these figures.")
    document = {
        "schema": f"hepaxis.trial.{kind}/1",
        "statement": "Research use only, not for treatment decisions.",
        "design": asked.design.name,
        "stamp": stamp,
        **made,
        "extrapolation": table,
        "notes": notes,
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_json(out / f"{kind}.json", document)
        typer.echo(f"wrote {out / f'{kind}.json'}", err=True)
    typer.echo(jsonlib.dumps(document, indent=1) if json else "\n".join([*drawn(document), "", *notes]))


def _effect(one: dict[str, Any], scale: str) -> str:
    ratio, points = one["ratio"], one["points"]
    name = "odds ratio" if scale == "log_odds" else "hazard ratio"
    text = f"{name} {ratio['median']:.2f} [{ratio['low']:.2f} to {ratio['high']:.2f}]"
    if points is not None:
        text += f", points {points['median']:+.1f} [{points['low']:+.1f} to {points['high']:+.1f}]"
    return f"{text}, benefit {one['probability_of_benefit']:.0%}"


def _power_table(found: dict[str, Any]) -> list[str]:
    scale = found["scale"]
    lines = [
        f"{found['arm']} against {found['control']}, {found['outcome']}: {found['patients']} virtual patients on both, "
        f"{found['draws']} draws of the mechanisms; 90% intervals",
        f"    by the mechanisms   {_effect(found['mechanisms'], scale)}",
        f"    with extrapolation  {_effect(found['expected'], scale)}",
        "",
        f"    {'n':>6}{'power':>9}{'assurance':>11}{'sig. harm':>11}{'wrong way':>11}",
    ]
    for one in found["sizes"]:
        cells = [one[name]["estimate"] for name in ("power", "assurance", "significant_harm", "wrong_way")]
        lines.append(
            f"    {one['n']:>6}" + "".join(f"{cell:>{9 if k == 0 else 11}.1%}" for k, cell in enumerate(cells))
        )
    needed = found["needed"]
    lines.append("")
    for name in ("power", "assurance"):
        size = needed[name]["n"]
        most = f" by {needed['searched_to']}" + (
            f" (benefit has probability {needed['assurance']['most']:.0%})" if name == "assurance" else ""
        )
        reached = f"n = {size}" if size is not None else f"not reached{most}"
        lines.append(f"    {needed[name]['goal']:.0%} {name}: {reached}")
    return lines


def _scan_table(found: dict[str, Any]) -> list[str]:
    lines = [
        f"against {found['control']}, {found['outcome']}: {found['patients']} virtual patients on every arm, "
        f"{found['draws']} draws of the mechanisms; 90% intervals with extrapolation",
        f"    {'arm':<24}{'best':>6}{'in the model':>14}{'regret':>8}  effect",
    ]
    for one in found["arms"]:
        effect = "control" if one["effect"] is None else _effect(one["effect"], found["scale"])
        best, alone = one["probability_best"], one["probability_best_by_mechanisms"]
        lines.append(f"    {one['arm']:<24}{best:>6.0%}{alone:>14.0%}{one['expected_regret']:>8.3f}  {effect}")
    if found["abstains"]:
        alike = ", ".join(found["not_told_from_first"])
        lines.append(f"\n    no best arm: {found['arms'][0]['arm']} cannot be told from {alike}")
    else:
        lines.append(f"\n    best: {found['best']}")
    return lines
