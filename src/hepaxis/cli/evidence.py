"""``hepaxis evidence``: search, list, show and export records of published evidence; read a user's own."""

from __future__ import annotations

import json as jsonlib
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hepaxis.cli import evidence_answers

if TYPE_CHECKING:
    from hepaxis.evidence import Record

evidence = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
Kind = Annotated[
    str | None,
    typer.Option(help="microbiome, exposure, intervention, trial, mechanism, safety or guideline."),
]
Taxon = Annotated[str | None, typer.Option(help="A taxon by any name; what lies under it counts.")]
Metabolite = Annotated[str | None, typer.Option(help="A metabolite by id or name.")]
Intervention = Annotated[str | None, typer.Option(help="Class (fmt, lbp ...) or the id of an arm or regimen.")]
Tumour = Annotated[str | None, typer.Option(help="HCC, melanoma, cirrhosis ...; what lies under it counts.")]
Design = Annotated[str | None, typer.Option(help="randomised, single_arm, prospective_cohort, animal ...")]
Direction = Annotated[str | None, typer.Option(help="better, worse, null, mixed, up_in_responders ...")]
Status = Annotated[str | None, typer.Option(help="published, registered, recruiting, completed, retracted ...")]
Species = Annotated[str | None, typer.Option(help="human, mouse, rat, in_vitro or none.")]
Own = evidence_answers.Own
WIDTH = evidence_answers.WIDTH


@evidence.callback()
def about() -> None:
    """The published evidence: search it, pool it, grade it, see where it contradicts itself and what is missing."""
    from hepaxis import STATEMENT

    typer.echo(STATEMENT, err=True)


@evidence.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words a record has to hold, whole or begun.")],
    kind: Kind = None,
    taxon: Taxon = None,
    metabolite: Metabolite = None,
    intervention: Intervention = None,
    tumour: Tumour = None,
    design: Design = None,
    direction: Direction = None,
    status: Status = None,
    species: Species = None,
    most: Annotated[int, typer.Option(help="How many at most; 0 for all.", min=0)] = 20,
    own: Own = None,
    json: Json = False,
) -> None:
    """Find records by words, the best match first."""
    from hepaxis.evidence import Filter
    from hepaxis.evidence import search as find

    wanted = Filter(kind, taxon, metabolite, intervention, tumour, design, direction, status, species)
    _told(find(" ".join(words), wanted, _own(own), most), json)


@evidence.command(name="list")
def list_(
    kind: Kind = None,
    taxon: Taxon = None,
    metabolite: Metabolite = None,
    intervention: Intervention = None,
    tumour: Tumour = None,
    design: Design = None,
    direction: Direction = None,
    status: Status = None,
    species: Species = None,
    own: Own = None,
    json: Json = False,
) -> None:
    """List the records that fit all filters."""
    from hepaxis.evidence import Filter
    from hepaxis.evidence import search as find

    wanted = Filter(kind, taxon, metabolite, intervention, tumour, design, direction, status, species)
    _told(find("", wanted, _own(own)), json)


@evidence.command()
def show(record: Annotated[str, typer.Argument(help="Id of a record.")], json: Json = False) -> None:
    """Show one record whole: figures, risk of bias, taxa, effects, sources."""
    from hepaxis.evidence import show as one
    from hepaxis.evidence.effects import effects

    found: dict[str, Any] = dict(one(record))
    mine = [effect for effect in effects() if effect.study == record]
    if json:
        from dataclasses import asdict

        typer.echo(jsonlib.dumps(found | {"effects": [asdict(effect) for effect in mine]}, indent=1))
        return
    typer.echo(_line(found))
    for name in ("population", "region", "therapy", "exposure", "comparator", "assay", "findings", "harms", "note"):
        _field(name, found.get(name))
    _field("not verified", found["unverified"])
    from hepaxis.evidence.curie import of_record
    from hepaxis.evidence.records import DOMAINS

    _field("risk of bias", ", ".join(f"{name} {how}" for name, how in zip(DOMAINS, found["bias"], strict=True)))
    for taxon in found["taxa"]:
        _field("taxon", f"{taxon['name']}: {taxon['direction'].replace('_', ' ')} [{taxon['checked']}] {taxon['note']}")
    for effect in mine:
        number = "no ratio" if effect.value is None else f"{effect.measure.upper()} {effect.value:.2f}"
        limits = "" if effect.low is None else f" ({effect.low:g} to {effect.high:g})"
        _field("effect", f"{effect.label}: {number}{limits} {effect.medians}; {effect.direction} [{effect.checked}]")
    for name in ("metabolites", "data", "pools", "strategies", "retraction", "source"):
        _field(name, "; ".join(found[name]))
    _field("CURIEs", " ".join(of_record(found["source"], found["tumours"], [one["taxon"] for one in found["taxa"]])))


@evidence.command()
def export(
    records: Annotated[list[str] | None, typer.Argument(help="Ids of records; none for all.")] = None,
    form: Annotated[str, typer.Option("--format", help="bibtex or ris.")] = "bibtex",
) -> None:
    """Print records for a reference manager; labels stand for titles, which the records do not hold."""
    from hepaxis.evidence import by_id
    from hepaxis.evidence import show as one
    from hepaxis.evidence.export import FORMATS, bibtex, ris
    from hepaxis.problems import InputError, error

    if form not in FORMATS:
        raise InputError([error("evidence.format", f"no format '{form}'", f"use {' or '.join(FORMATS)}")])
    ids = [str(one(id)["id"]) for id in records] if records else list(by_id())
    mine = [by_id()[id] for id in ids]
    typer.echo(bibtex(mine) if form == "bibtex" else ris(mine), nl=False)


@evidence.command()
def template(folder: Annotated[Path, typer.Argument(help="Folder to write into; made if it is not there.")]) -> None:
    """Write empty files for your own records, in the columns of the project's tables."""
    from hepaxis.evidence.own import TABLES, template
    from hepaxis.problems import InputError, error
    from hepaxis.report.write import write_whole

    there = [f"{table}.csv" for table in TABLES if (folder / f"{table}.csv").exists()]
    if there:
        hint = "choose another folder"
        raise InputError([error("evidence.there", f"{', '.join(there)} already there", hint, file=str(folder))])
    write_whole(folder, {f"{table}.csv": template(table) for table in TABLES})


@evidence.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="Folder with your own records; none for the project's.")] = None,
) -> None:
    """Check records: schema, numbers that contradict each other, unknown words, people counted twice."""
    from hepaxis import knowledge
    from hepaxis.evidence import check as faults
    from hepaxis.problems import InputError

    if folder is not None:
        from hepaxis.evidence.own import read

        mine = read(folder)
        typer.echo(f"{len(mine.records)} records and {len(mine.effects)} effects, no fault")
        return
    if found := [*knowledge.lint(), *faults()]:
        raise InputError(found)
    typer.echo("the project's records: no fault")


for answered in (
    evidence_answers.meta,
    evidence_answers.grades,
    evidence_answers.conflicts,
    evidence_answers.landscape,
    evidence_answers.impact,
):
    evidence.command()(answered)


def _own(folder: Path | None) -> tuple[Record, ...]:
    if folder is None:
        return ()
    from hepaxis.evidence.own import read

    return read(folder).records


def _told(found: Sequence[Mapping[str, Any]], json: bool) -> None:
    if json:
        typer.echo(jsonlib.dumps(found, indent=1))
        return
    for one in found:
        typer.echo(_line(one))
    typer.echo(f"{len(found)} records", err=True)


def _line(one: Mapping[str, Any]) -> str:
    """Id, label and what kind of study, struck through where it is retracted."""
    label = struck(str(one["label"])) if one["status"] == "retracted" else one["label"]
    facts = [one["kind"], one["design"].replace("_", " "), ", ".join(one["tumours"])]
    facts += [f"n = {one['n']}"] if one["n"] else []
    facts += [one["status"].upper()] if one["status"] == "retracted" else [one["status"]]
    return f"{one['id']}: {label} [{'; '.join(part for part in facts if part)}; {one['checked'].replace('_', ' ')}]"


def struck(text: str) -> str:
    """Words struck through in a terminal (combining long stroke overlay)."""
    return "".join(letter + "\u0336" for letter in text)


def _field(name: str, text: object) -> None:
    if text:
        body = textwrap.fill(str(text), WIDTH, initial_indent=f"    {name}: ", subsequent_indent="        ")
        typer.echo(body)
