"""``hepaxis evidence``: the published evidence: search, list and show records."""

from __future__ import annotations

import json as jsonlib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

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
WIDTH = 116


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
    json: Json = False,
) -> None:
    """Find records by words, the best match first."""
    from hepaxis.evidence import Filter
    from hepaxis.evidence import search as find

    wanted = Filter(kind, taxon, metabolite, intervention, tumour, design, direction, status, species)
    _told(find(" ".join(words), wanted, most=most), json)


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
    json: Json = False,
) -> None:
    """List the records that fit all filters."""
    from hepaxis.evidence import Filter
    from hepaxis.evidence import search as find

    wanted = Filter(kind, taxon, metabolite, intervention, tumour, design, direction, status, species)
    _told(find("", wanted), json)


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
