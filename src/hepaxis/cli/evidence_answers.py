"""``hepaxis evidence meta|grades|conflicts|landscape|impact``: what the records say together."""

from __future__ import annotations

import json as jsonlib
import math
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hepaxis.evidence.effects import Effect
    from hepaxis.evidence.grade import Certainty
    from hepaxis.evidence.pooling import Answer, Pool
    from hepaxis.evidence.records import Record

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
Own = Annotated[Path | None, typer.Option("--with", help="Folder with your own records.", metavar="FOLDER")]
WIDTH = 116


def meta(
    exposure: Annotated[str, typer.Argument(help="antibiotics, ppi, fmt, lbp, probiotic, fibre, udca ...")],
    tumour: Annotated[str, typer.Option(help="HCC, melanoma, any ...; what lies under it counts.")] = "HCC",
    outcome: Annotated[str, typer.Option(help="OS, PFS, response ...")] = "OS",
    treatment: Annotated[str, typer.Option(help="ici, or no_ici for people without immunotherapy.")] = "ici",
    medians: Annotated[
        bool, typer.Option("--medians", help="Let ratios of medians stand in for hazard ratios.")
    ] = False,
    moderator: Annotated[str, typer.Option(help="Regress on year, n or share exposed.")] = "",
    forest: Annotated[Path | None, typer.Option(help="Write a forest plot (SVG) to this file.")] = None,
    funnel: Annotated[Path | None, typer.Option(help="Write a funnel plot (SVG) to this file.")] = None,
    own: Own = None,
    json: Json = False,
) -> None:
    """Pool what answers a question, and show what contradicts it: pooled value, control, certainty by step."""
    from hepaxis.evidence.effects import effects
    from hepaxis.evidence.grade import certainty
    from hepaxis.evidence.pooling import answer, question

    studies, more = _with(own)
    held = [*effects(), *more]
    given = answer(question(exposure, tumour, outcome, treatment), medians=medians, held=held, studies=studies)
    sure = certainty(given, studies)
    _draw(given, {id: one.label for id, one in studies.items()}, forest, funnel)
    slope = _regressed(given, studies, moderator) if moderator else None
    if json:
        told = _plain(asdict(given)) | {
            "certainty": asdict(sure),
            "regression": _plain(asdict(slope)) if slope else None,
        }
        typer.echo(jsonlib.dumps(told, indent=1))
        return
    typer.echo(f"{given.question.text}")
    _tell_pool(given.pool, studies)
    if given.control.used:
        typer.echo("the same exposure without immunotherapy (negative control):")
        _tell_pool(given.control, studies)
    if given.contrast:
        one = given.contrast
        typer.echo(
            f"with over without immunotherapy: {one.ratio:.2f} ({one.low:.2f} to {one.high:.2f}), p = {one.p:.2g}"
        )
    for review in given.reviews:
        typer.echo(f"published pooled value, not entered: {_effect(review, studies)}")
    if slope:
        one = slope.coefficients[1]
        typer.echo(
            f"regression on {moderator}: {one.estimate:.3g} ({one.low:.3g} to {one.high:.3g}) a unit, p = {one.p:.2g}"
        )
    _tell_contradiction(given, studies)
    _tell_certainty(sure)


def grades(json: Json = False) -> None:
    """Grade the standing questions step by step, and hold every strategy's grade against its records."""
    from hepaxis import knowledge
    from hepaxis.evidence.grade import certainty
    from hepaxis.evidence.links import pooled_text, supports
    from hepaxis.evidence.pooling import answer, standing_questions
    from hepaxis.evidence.records import by_id
    from hepaxis.problems import InputError

    studies = dict(by_id())
    asked: list[dict[str, Any]] = []
    for id, question in standing_questions().items():
        label = str(knowledge.row("questions", id)["label"])
        try:
            given = answer(question)
            asked.append({"id": id, "label": label, "pooled": pooled_text(given)} | asdict(certainty(given, studies)))
        except InputError:
            asked.append({"id": id, "label": label, "pooled": "no record", "level": "none", "start": 0, "steps": ()})
    held = [asdict(one) for one in supports()]
    if json:
        typer.echo(jsonlib.dumps({"questions": asked, "strategies": held}, indent=1))
        return
    for row in asked:
        typer.echo(f"{row['id']}: {row['label']}: {row['pooled']}; certainty {row['level']}")
        for step in row["steps"]:
            records = f" [{', '.join(step['records'])}]" if step["records"] else ""
            _wrapped(f"{step['domain']} {step['change']:+d}: {step['reason']}{records}")
    typer.echo("strategies: grade in the plan, best grade the records allow")
    for one in held:
        records = ", ".join(one["records"])
        typer.echo(f"{one['strategy']}: {one['letter']}, {one['allowed']}: {one['reason']} [{records}]")


def conflicts(
    taxon: Annotated[str, typer.Argument(help="A taxon by any name; nothing for every disputed one.")] = "",
    own: Own = None,
    json: Json = False,
) -> None:
    """List taxa whose direction differs between studies, side by side, with what could make them differ."""
    from hepaxis.evidence import vocabulary
    from hepaxis.evidence.conflicts import conflicts as found_in
    from hepaxis.evidence.grade import certainty_of_direction

    studies, _ = _with(own)
    found = found_in(studies.values())
    if taxon:
        wanted = vocabulary.taxa_under(vocabulary.taxon(taxon))
        found = tuple(one for one in found if wanted & {vote.taxon for vote in one.direction.votes})
    if json:
        typer.echo(jsonlib.dumps([_plain(asdict(one)) for one in found], indent=1))
        return
    for one in found:
        way = one.direction
        typer.echo(
            f"{one.label}: {way.up} data sets higher in responders, {way.down} in non-responders; "
            f"sign test p = {way.sign_p:.2g}, favourable {way.favourable:.0%}, Stouffer z = {way.stouffer_z or 0:.2f} "
            f"over {way.people} people; certainty {certainty_of_direction(way, studies).level}"
        )
        for side, votes in (("responders", one.favourable), ("non-responders", one.unfavourable)):
            for vote in votes:
                _wrapped(f"higher in {side}: {_vote(vote, studies[vote.study])}")
        for apart in one.differences:
            _wrapped(f"the sides differ in {apart.what}: {', '.join(apart.favourable)} against "
                     f"{', '.join(apart.unfavourable)}")  # fmt: skip
        for reason in one.reasons:
            _wrapped(f"plausible, by {reason.kind}: {reason.text}")


def landscape(
    tumour: Annotated[str, typer.Option(help="Only this tumour and what lies under it.")] = "",
    figure: Annotated[Path | None, typer.Option(help="Draw the landscape (SVG) to this file.")] = None,
    json: Json = False,
) -> None:
    """Show interventions by class, tumour and stage with their status, and the gaps between them."""
    from hepaxis.evidence.landscape import LABELS, gaps
    from hepaxis.evidence.landscape import landscape as cells_of

    cells, holes = cells_of(tumour or None), gaps()
    if figure is not None:
        from hepaxis.report.evidence_landscape import landscape as drawn

        _write(figure, drawn(cells))
    if json:
        typer.echo(jsonlib.dumps({"cells": [asdict(c) for c in cells], "gaps": [asdict(g) for g in holes]}, indent=1))
        return
    before = ""
    for cell in cells:
        if cell.intervention != before:
            typer.echo(LABELS[cell.intervention])
            before = cell.intervention
        where = f"{cell.tumour.replace('_', ' ')}, {cell.stage.replace('_', ' ')}"
        _wrapped(f"{where}: {len(cell.records)} {cell.status}: {', '.join(cell.records)}")
    typer.echo("gaps")
    for hole in holes:
        _wrapped(f"{hole.text}" + (f" [{', '.join(hole.near)}]" if hole.near else ""))


def impact(
    record: Annotated[str, typer.Argument(help="Id of a record.")],
    plan: Annotated[Path | None, typer.Option(help="A plan.json: what in it rests on the record.")] = None,
    json: Json = False,
) -> None:
    """Say which gates, strategies, questions and taxa rest on a record, and what its retraction would change."""
    from hepaxis import axis
    from hepaxis.evidence import show
    from hepaxis.evidence.links import Gate
    from hepaxis.evidence.links import impact as of

    show(record)  # an unknown id is answered with the nearest
    rows = axis.gate_table().reset_index().to_dict("records")
    gates = {
        str(row["gate"]): Gate(
            str(row["claim"]), str(row["sources"]), str(row["against"] or ""), row["prior_mean"], row["prior_sd"]
        )
        for row in rows
    }
    found = of(record, gates)
    there = _in_plan(record, plan) if plan else None
    if json:
        typer.echo(jsonlib.dumps(asdict(found) | ({"plan": there} if plan else {}), indent=1))
        return
    for name, held in (("gates", found.gates), ("strategies", found.strategies), ("questions", found.questions)):
        _wrapped(f"{name} that rest on it: {', '.join(held) or 'none'}")
    for name, ids in (there or {}).items():
        _wrapped(f"in the plan, {name}: {', '.join(ids) or 'none'}")
    typer.echo("if it were retracted" + ("" if found.moved else ": nothing would change"))
    for one in found.moved:
        _wrapped(f"{one.what} {one.id}: {one.now} -> {one.then}")


def _in_plan(record: str, path: Path) -> dict[str, list[str]]:
    """What of a plan rests on a record: strategies, sources, gates and safety rules by id."""
    from hepaxis.report.serialise import load_plan

    plan = load_plan(path.read_text(encoding="utf-8"), file=str(path))
    return {
        "strategies": [one.id for one in plan.strategies if record in one.evidence.records],
        "sources": [one.locator for one in plan.sources if record in one.record.split("; ")],
        "gates": [one.gate for one in plan.edges if record in one.records],
        "safety rules": [flag.rule for one in plan.strategies for flag in one.safety if flag.rule == record][:1],
    }


def _with(own: Path | None) -> tuple[dict[str, Record], list[Effect]]:
    """The project's records by id, with a user's own."""
    from hepaxis.evidence.records import by_id

    studies = dict(by_id())
    if own is None:
        return studies, []
    from hepaxis.evidence.own import read

    mine = read(own)
    return studies | {one.id: one for one in mine.records}, list(mine.effects)


def _draw(given: Answer, labels: dict[str, str], forest: Path | None, funnel: Path | None) -> None:
    from hepaxis.report import evidence_figures as figures

    for path, make in ((forest, figures.forest), (funnel, figures.funnel)):
        if path is not None:
            _write(path, make(given, labels))


def _write(path: Path, text: str) -> None:
    """The file whole or not at all.  Raises OSError."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _regressed(given: Answer, studies: dict[str, Record], moderator: str) -> Any:
    from hepaxis.evidence.pooling import regression
    from hepaxis.problems import InputError, error

    values: dict[str, Any] = {
        "year": [studies[one.study].year for one in given.pool.used],
        "n": [one.n for one in given.pool.used],
        "share": [one.n_exposed / one.n if one.n and one.n_exposed else None for one in given.pool.used],
    }
    hint = "use year, n or share"
    if moderator not in values:
        raise InputError([error("evidence.moderator", f"no moderator '{moderator}'", hint)])
    if None in values[moderator]:
        raise InputError([error("evidence.moderator", f"not every study states '{moderator}'", hint)])
    try:
        return regression(given.pool, {moderator: values[moderator]})
    except ValueError as why:
        raise InputError([error("evidence.moderator", str(why), "a regression needs more studies")]) from why


def _tell_pool(pool: Pool, studies: dict[str, Record]) -> None:
    weights = pool.model.weights if pool.model else ()
    for one, weight in zip(pool.used, weights, strict=True):
        _wrapped(f"{_effect(one, studies)}; weight {weight:.0%}; {one.direction}")
    for left in pool.left_out:
        retracted = left.reason == "retracted"
        _wrapped(
            f"not pooled ({left.reason}): {_effect(left.effect, studies, strike=retracted)}; {left.effect.direction}"
        )
    if pool.model is None:
        _wrapped("nothing to pool")
        return
    if pool.model.k == 1:
        _wrapped("one study: its own interval, nothing to pool")
    else:
        _wrapped(f"pooled (REML, Knapp-Hartung): {_numbers(pool.model.pooled, pool)}; I2 {pool.model.i2:.0%} "
                 f"(Q = {pool.model.q:.1f}, p = {pool.model.q_p:.2g}), tau {math.sqrt(pool.model.tau2):.2f} "
                 f"({math.sqrt(pool.model.tau2_low):.2f} to {math.sqrt(pool.model.tau2_high):.2f})")  # fmt: skip
        if pool.model.prediction:
            low, high = pool.model.prediction
            _wrapped(f"a new study would lie in {_of(low, pool):.2f} to {_of(high, pool):.2f}")
        for name, model in (("equal effects", pool.fixed), ("DerSimonian-Laird", pool.dersimonian_laird)):
            if model is not None:
                _wrapped(f"{name}: {_numbers(model.pooled, pool)}")
    if pool.shrunk:
        mu = pool.shrunk.mu
        _wrapped(f"shrunk (Bayes, few studies): {_of(mu.median, pool):.2f} ({_of(mu.low, pool):.2f} to "
                 f"{_of(mu.high, pool):.2f}), {pool.shrunk.above:.0%} above no effect")  # fmt: skip
    for one, model in zip(pool.used, pool.without, strict=False):
        where = "" if one.treatment == "ici" else f" on {one.treatment}"
        _wrapped(f"without {one.study}{where}: {_numbers(model.pooled, pool)} (plain interval)")
    if pool.egger:
        _wrapped(f"Egger's test for small-study effects: p = {pool.egger[1].p:.2g}")


def _tell_contradiction(given: Answer, studies: dict[str, Record]) -> None:
    typer.echo("directions over all outcomes and treatments" + (": CONTRADICTORY" if given.disputed else ""))
    for name, mine in given.contradictions.items():
        told = [f"{studies[one.study].label} ({one.outcome.upper()} on {one.treatment})" for one in mine]
        if told:
            _wrapped(f"{name} when exposed: {', '.join(told)}")


def _tell_certainty(sure: Certainty) -> None:
    typer.echo(f"certainty: {sure.level.upper()}")
    for step in sure.steps:
        records = f" [{', '.join(step.records)}]" if step.records else ""
        _wrapped(f"{step.domain} {step.change:+d}: {step.reason}{records}")


def _effect(one: Effect, studies: dict[str, Record], strike: bool = False) -> str:
    from hepaxis.cli.evidence import struck

    record = studies[one.study]
    label = struck(record.label) if strike or record.weight == 0 else record.label
    size = f", n = {one.n}" if one.n else ""
    number = one.medians
    if one.y is not None and one.se:
        half = 1.959964 * one.se
        values = [
            math.exp(x) if one.ratio or one.measure == "median" else x for x in (one.y, one.y - half, one.y + half)
        ]
        kind = "HR" if one.measure == "median" else one.measure.upper()
        number = f"{kind} {values[0]:.2f} ({values[1]:.2f} to {values[2]:.2f})"
        number += "" if one.basis == "limits" else f" from {one.basis}"
    where = "" if one.treatment == "ici" else f" on {one.treatment}"
    return f"{label} [{one.study}]{where}{size}: {number or 'no number'}"


def _vote(vote: Any, record: Record) -> str:
    from hepaxis.cli.evidence import struck

    label = struck(record.label) + " RETRACTED" if vote.retracted else record.label
    p = "" if vote.assumed_p else f", p = {record_p(vote, record):g}"
    facts = ", ".join(part for part in (record.assay.split(",")[0], record.therapy, record.region) if part)
    return f"{vote.name} in {label} [{vote.study}], n = {vote.n}{p} ({facts}) [{vote.checked.replace('_', ' ')}]"


def record_p(vote: Any, record: Record) -> float:
    """The printed p value behind a vote."""
    return next(found.p or 1.0 for found in record.taxa if found.taxon == vote.taxon)


def _numbers(one: Any, pool: Pool) -> str:
    values = (_of(x, pool) for x in (one.estimate, one.low, one.high))
    estimate, low, high = values
    return f"{estimate:.2f} ({low:.2f} to {high:.2f})"


def _of(x: float, pool: Pool) -> float:
    return math.exp(min(x, 20.0)) if pool.ratio else x


def _plain(value: Any) -> Any:
    """Numbers that JSON has no word for are null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _wrapped(text: str) -> None:
    typer.echo(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="        "))
