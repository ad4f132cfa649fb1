"""``hepaxis simulate``: run a scenario file, write its trajectories and a page that draws them.

A short table goes to stdout, progress to stderr.  The output folder's files appear whole or not at all.
"""

from __future__ import annotations

import json as jsonlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from hepaxis.exchange import Outcome, Setting
    from hepaxis.plan.schema import TimelineItem
    from hepaxis.report.figures.trajectories import Trace

BANDS = (0.05, 0.25, 0.75, 0.95)  # quantiles over people: the 90% and 50% intervals of the report
LEAST_FOR_BANDS = 5  # fewer people are drawn by their median alone


def simulate(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML); `hepaxis template scenario` prints one.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write; made if it is not there.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the folder.")] = False,
) -> None:
    """Run a scenario of people, gut and treatment, and draw it. Research use only, not for treatment decisions."""
    from hepaxis import STATEMENT
    from hepaxis.cli.plan import can_be_written
    from hepaxis.exchange import prepare, read_scenario
    from hepaxis.exchange import simulate as run
    from hepaxis.exchange.run import summary
    from hepaxis.problems import InputError, error
    from hepaxis.report.write import write_whole

    began = time.monotonic()

    def progress(what: str) -> None:
        typer.echo(f"[{time.monotonic() - began:5.1f} s] {what}", err=True)

    if out is not None:
        can_be_written(out)
        if out.is_dir() and any(out.iterdir()) and not overwrite:
            hint = "choose another folder or add --overwrite"
            raise InputError([error("simulate.out", "the output folder is not empty", hint, file=str(out))])
    typer.echo(STATEMENT, err=True)
    asked = read_scenario(scenario)
    progress(f"{asked.people} at rest")
    setting = prepare(asked)
    progress(f"{len(setting.protocol)} actions over {asked.days:g} days")
    outcome = run(setting)
    table = summary(outcome)
    typer.echo(table.to_json(orient="index", indent=1) if json else _shown(table, outcome, asked.people))
    for note in setting.notes:
        typer.echo(note, err=True)
    if out is not None:
        write_whole(out, _files(setting, outcome))
        progress(f"wrote {out / 'simulation.html'}")


def _shown(table: pd.DataFrame, outcome: Outcome, people: int) -> str:
    from hepaxis.exchange.run import spelled

    lines = [f"{'':<28}{'start':>11}{'day 0':>11}{'end':>11}{'lowest':>11}{'highest':>11}  unit"]
    for name, row in table.iterrows():
        numbers = "".join(f"{row[column]:>11.4g}" for column in ("start", "day 0", "end", "lowest", "highest"))
        lines.append(f"{str(name)[:27]:<28}{numbers}  {spelled(row['unit'])}")
    failed = len(outcome.failed)
    whom = "one typical person" if people == 1 else f"median of {people - failed} people"
    lines.append(f"{whom}; {failed} not simulated" if failed else whom)
    return "\n".join(lines)


def _files(setting: Setting, outcome: Outcome) -> dict[str, str]:
    import hepaxis
    from hepaxis import axis
    from hepaxis.exchange.run import column_table, trajectories

    record = {
        "statement": hepaxis.STATEMENT,
        "scenario": setting.scenario.name,
        "people": setting.scenario.people,
        "seed": setting.scenario.seed,
        "start_day": setting.start,
        "failed": {str(person + 1): reason for person, reason in outcome.failed.items()},
        "notes": list(setting.notes),
        "versions": {"hepaxis": hepaxis.__version__, "model": axis.build().hash},
    }
    return {
        "trajectories.csv": trajectories(outcome).to_csv(index=False, lineterminator="\n"),
        "columns.csv": column_table(outcome).to_csv(index=False, lineterminator="\n"),
        "simulation.html": _page(setting, outcome),
        "scenario.yaml": setting.scenario.text,
        "run.json": jsonlib.dumps(record, indent=1, ensure_ascii=False) + "\n",
    }


def _page(setting: Setting, outcome: Outcome) -> str:
    from hepaxis.exchange.scenario import Profile
    from hepaxis.report.simulation import Simulated, render_simulation

    scenario = setting.scenario
    community = scenario.community
    gates = scenario.gates
    facts = {
        "People": "one typical person" if scenario.n is None else f"{scenario.n} drawn, seed {scenario.seed}",
        "Community": community.path.name if isinstance(community, Profile) else str(community),
        "Liver": (scenario.liver or "prior").replace("_", " "),
        "Diet at rest": (scenario.diet or "habitual").replace("_", " "),
        "Gates": "off"
        if gates == {"*": 0.0}
        else "on"
        if not gates
        else ", ".join(f"{g} × {v:g}" for g, v in gates.items()),
        "Days": f"{setting.start:g} to {scenario.days:g}",
    }
    notes = [*setting.notes, *(f"person {person + 1}: {reason}" for person, reason in outcome.failed.items())]
    page = Simulated(scenario.name, scenario.note, facts, _given(setting), _traces(outcome), tuple(notes))
    return render_simulation(page)


def _traces(outcome: Outcome) -> tuple[Trace, ...]:
    import numpy as np

    from hepaxis.exchange.run import spelled
    from hepaxis.report.figures.trajectories import Trace

    found = []
    for name, values in outcome.values.items():
        known = values[np.isfinite(values).any(axis=1)]
        if not len(known):
            known = values
        with np.errstate(all="ignore"):
            middle = np.nanmedian(known, axis=0) if np.isfinite(known).any() else known[0]
        bands = None
        if len(known) >= LEAST_FOR_BANDS:
            low90, low50, high50, high90 = (q.tolist() for q in np.nanquantile(known, BANDS, axis=0))
            bands = (low90, low50, high50, high90)
        label, unit = outcome.labels[name], outcome.units[name]
        found.append(Trace(name, label, spelled(unit), outcome.days.tolist(), middle.tolist(), bands))
    return tuple(found)


def _given(setting: Setting) -> tuple[TimelineItem, ...]:
    from hepaxis import therapy
    from hepaxis.plan.schema import TimelineItem

    scenario, levers = setting.scenario, therapy.levers()
    items = []
    for part in scenario.components:
        regimen = part.id in therapy.regimen_ids()
        label = therapy.regimen(part.id).label if regimen else therapy.arm(part.id).label
        rows = therapy.protocol([part.id], scenario.days, start_day=part.day)
        kind = "therapy" if regimen else "exposure"
        for day in sorted(set(rows.loc[rows["action"] != "set", "time"])):
            items.append(TimelineItem(kind, label, float(day)))
        held = rows.loc[rows["action"] == "set", "time"]
        if len(held):
            first, last = float(held.min()), float(held.max())
            items.append(TimelineItem(kind, label, first, None if last == first else last, ongoing=last == first))
    for token in scenario.courses:
        dose = token.id.startswith("donor.") or (token.id in levers and levers[token.id].action != "set")
        name = token.id.removeprefix("antibiotic.").replace("donor.", "donor: ").replace("_", " ")
        amount = _amount(token.id, float(token.value))
        items.append(TimelineItem("exposure", name, token.start, None if dose else token.end, detail=amount))
    return tuple(items)


def _amount(id: str, value: float) -> str:
    from hepaxis import axis
    from hepaxis.exchange.run import spelled

    if id.startswith("antibiotic."):
        return f"{value:g} mg a day"
    if id.startswith("donor."):
        return f"{value:g} of the reference biomass a dose"
    unit = str(axis.build().levers.at[id, "unit"])
    return f"{value:g} {spelled(unit)}".strip()
