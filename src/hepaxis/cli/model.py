"""``hepaxis model``: what the model stands on: parameters by grade, its claims, and how it does on published facts."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

model = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


@model.callback()
def about() -> None:
    """What the model stands on: parameters by grade, its claims, and how it does on published facts."""
    from hepaxis import STATEMENT

    typer.echo(STATEMENT, err=True)


@model.command()
def describe(json: Json = False) -> None:
    """Count the model's parameters by module and grade."""
    from hepaxis import axis

    counts = axis.describe()
    typer.echo(counts.to_json(orient="index", indent=2) if json else counts.to_string())


@model.command()
def gates(json: Json = False) -> None:
    """List every claim about the gut: port and carrier, sign or disputed, prior, sources for and against."""
    from hepaxis import axis
    from hepaxis.evidence.links import sources_of

    table = axis.gate_table().reset_index()
    for name, cell in (("records", "sources"), ("records_against", "against")):
        table[name] = [[one.id for one in sources_of(str(text or "")).records] for text in table[cell]]
    if json:
        typer.echo(table.to_json(orient="records", indent=2))
        return
    for row in table.to_dict("records"):
        direction = "raises" if row["sign"] > 0 else "lowers"
        sign = "disputed" if str(row["agreement"]).startswith("disputed") else direction
        typer.echo(f"{row['gate']}: {row['claim']}.")
        strength = f"strength {row['prior_mean']:g} (sd {row['prior_sd']:g})"
        by = f" by {row['carrier']}" if row["carrier"] else ""
        typer.echo(f"    {sign} {row['port']}{by}; {strength}; {row['sources']} [{row['grade']}]")
        typer.echo(f"    records: {', '.join(row['records'])}")
        if row["against"]:
            against = f"{row['against']}: {row['against_note']}"
            typer.echo(f"    against: {against} (records: {', '.join(row['records_against'])})")


@model.command()
def sbml() -> None:
    """Print the assembled model as SBML."""
    from hepaxis import axis

    typer.echo(axis.build().sbml)


@model.command()
def antimony(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of stdout.")] = None,
) -> None:
    """Print the assembled model as one Antimony file in reading order: comments, equations, values with sources."""
    from hepaxis.axis.reading import reading_copy

    text = reading_copy()
    if out is None:
        typer.echo(text, nl=False)
        return
    part = out.with_name(out.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(out)


@model.command()
def behaviours(
    json: Json = False,
    experiments: Annotated[
        Path | None,
        typer.Option(help="Your own experiments, in the shipped table's columns; without species, read as human."),
    ] = None,
) -> None:
    """Run published experiments as set-ups of the model and score the direction of every readout."""
    from hepaxis.population import experiment_table as published
    from hepaxis.population import experiments as cards

    rows = published.experiments() if experiments is None else published.read_experiments(experiments)
    table, totals = cards.score_card(rows)
    scales = cards.by_scale(table)
    if json:
        said = {"totals": _records(totals.reset_index()), "scales": _records(scales), "rows": _records(table)}
        typer.echo(jsonlib.dumps(said, indent=1))
        return
    for row in totals.reset_index().to_dict("records"):
        use = row["use"]
        if row["readouts"]:
            total = {str(name): value for name, value in row.items()}
            _print_use(total, scales[scales["use"] == use], table[table["use"] == use])


def _print_use(total: dict[str, Any], scales: pd.DataFrame, rows: pd.DataFrame) -> None:
    typer.echo(f"{total['use'].upper()}: {total['passed']} of {total['expressed']} expressed readouts right", nl=False)
    typer.echo(
        f" (guessing {total['chance']:.0%}, always the commonest direction {total['constant']:.0%}); "
        f"{total['reversed']} reversed, {total['unchanged']} unchanged (of which "
        f"{total['unchanged_same_sign']} lean the published way), {total['changed']} changed though published as "
        f"none, {total['not_simulated']} not simulated"
        if total["expressed"]
        else ""
    )
    for row in scales.to_dict("records"):
        at = "gates at the scale of people" if row["scale"] == "people" else "gates as claimed there, exponent 1"
        typer.echo(f"  {row['species']}, {at}: {row['passed']} of {row['expressed']}")
    if total["expressed"]:
        typer.echo(f"  control, all rows at the human scale: {total['passed_human_scale']} of {total['expressed']}")
    typer.echo(
        f"  {total['experiments_passed']} of {total['experiments_expressed']} expressed experiments right in every "
        f"readout; {total['experiments']} in the table; {total['readouts'] - total['expressed']} readouts not expressed"
    )
    typer.echo(f"  {total['sizes_met']} of {total['sizes']} stated sizes met")
    if total["immune"]:
        typer.echo(
            f"  control, all gates off: {total['immune_failed_gates_off']} of {total['immune']} immune readouts fail; "
            f"{total['immune_passed_by_gates']} of the {total['immune_passed']} that were right rest on a gate"
        )
    for row in rows[rows["expressed"]].to_dict("records"):
        mark = "right" if row["passed"] else f"FAILS ({row['verdict']})"
        form = "+.2f" if row["measure"] == "correlation" else "+.1%"
        change, low, high = (format(row[name], form) for name in ("predicted", "low10", "high90"))
        change = f"{change} ({low} to {high})"
        size = {True: "; size met", False: "; size NOT met", None: ""}[row["size_met"]]
        off = "; right with gates off too" if row["passed"] and row.get("passed_gates_off") else ""
        typer.echo(f"    {mark:<18} {row['id']} {row['readout']}: published {row['published']}, {change}{size}{off}")
    for row in rows[~rows["expressed"].astype(bool)].to_dict("records"):
        typer.echo(f"    {'not expressed':<18} {row['id']} {row['readout']}: {row['reason']}")
    typer.echo("")


@model.command()
def closure(
    json: Json = False,
    patients: Annotated[int, typer.Option(help="Virtual patients to close.", min=1)] = 400,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 5,
) -> None:
    """Close drawn patients and check that they rest: failures by reason, two starts, drift, time a patient."""
    from dataclasses import asdict

    from hepaxis.population.closure_check import check_closure

    check = check_closure(patients, seed)
    if json:
        typer.echo(jsonlib.dumps(asdict(check), indent=1))
        return
    failed = sum(check.failures.values())
    typer.echo(f"{check.patients - failed} of {check.patients} virtual patients rest")
    for reason, count in check.failures.items():
        typer.echo(f"    {count}: {reason}")
    typer.echo(f"{check.two_rests} have another rest from a high start (killing 2% apart); the low one is used")
    typer.echo(f"drift of the untreated gut in a year: at most {check.drift:.1e} ({check.drifting})")
    typer.echo(f"{check.ms:.2f} ms of processor a patient")


@model.command()
def physiology(json: Json = False) -> None:
    """Hold published human quantities against the model, by diet and liver: inside or outside."""
    from hepaxis.population.physiology import named_diets
    from hepaxis.population.physiology import physiology as held_against

    table, eaten = held_against(), named_diets()
    shown = table[table["inside"].notna()]
    inside = int(shown["inside"].sum())
    if json:
        totals = {"quantities": len(table), "expressed": len(shown), "inside": inside}
        typer.echo(jsonlib.dumps({"totals": totals, "rows": _records(table), "diets": _records(eaten)}, indent=1))
        return
    typer.echo(f"{inside} of {len(shown)} expressed quantities inside; {len(table) - len(shown)} not expressed")
    for state, rows in shown.groupby("host_state", sort=False):
        typer.echo(f"{state}: {int(rows['inside'].sum())} of {len(rows)}")
        for row in rows.to_dict("records"):
            mark = "inside" if row["inside"] else "OUTSIDE"
            limits = f"{row['low']:.3g} to {row['high']:.3g} {row['unit']} by {row['basis']}"
            note = f" [{row['note']}]" if row["note"] else ""
            typer.echo(f"    {mark:<8} {row['label']}: {row['predicted']:.3g}; published {limits}{note}")
    typer.echo(f"named diets against the habitual one: {int(eaten['right'].sum())} of {len(eaten)} the published way")
    for row in eaten.to_dict("records"):
        mark = "right" if row["right"] else "WRONG"
        said = f"{row['variable']} {row['habitual']:.3g} to {row['predicted']:.3g}"
        typer.echo(f"    {mark:<8} {row['diet']}: {said}; published {row['published']}, {row['source']}")
    typer.echo("not expressed:")
    for row in table[table["inside"].isna()].to_dict("records"):
        typer.echo(f"    {row['label']}: {row['reason']}")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: numbers that are not there are null."""
    records: list[dict[str, Any]] = jsonlib.loads(table.to_json(orient="records"))
    return records


@model.command()
def sensitivity(json: Json = False) -> None:
    """Print what the predictions rest on, as stored with the program: variance shares, what measurements can tell."""
    from hepaxis.sensitivity import summary, tell

    found = summary()
    typer.echo(jsonlib.dumps(found, indent=1) if json else "\n".join(tell(found)))


@model.command()
def tau(json: Json = False) -> None:
    """Print tau, the scale that bounds the gut's total effect: target, what the gut alone predicts, shares of gates."""
    from hepaxis.sensitivity import told_tau

    record, lines = told_tau()
    typer.echo(jsonlib.dumps(record, indent=1) if json else "\n".join(lines))
