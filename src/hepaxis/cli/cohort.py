"""``hepaxis cohort``: responders against non-responders in real cohorts, from files to one page.

The verdict goes to stdout, progress and problems to stderr.  Nothing is written before everything is made.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

DATA = "data"


def cohort(
    files: Annotated[
        list[Path],
        typer.Argument(help="Profiles (any format `hepaxis profile` reads), then the clinical table, last."),
    ],
    response: Annotated[
        str, typer.Option(help="ORR, DCR, PFS@<months>, OS@<months> or LABEL:<column>[=<value>]; there is no default.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; made if it is not there.")],
    clinical: Annotated[list[Path] | None, typer.Option(help="A further clinical table; several times.")] = None,
    taxonomy: Annotated[Path | None, typer.Option(help="Taxonomy table of ASVs, OTUs or genomes.")] = None,
    rank: Annotated[str | None, typer.Option(help="Sum taxa to this rank: species, genus, family ...")] = None,
    sample: Annotated[str | None, typer.Option(help="Column with the sample ids.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="field=column, where names do not tell; several times.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="os_time=day or pfs_time=day; several times.")] = None,
    adjust: Annotated[list[str] | None, typer.Option(help="A covariate to adjust for; several times.")] = None,
    exposure: Annotated[list[str] | None, typer.Option(help="column or column=value; several times.")] = None,
    control: Annotated[str, typer.Option(help="column=value of those on a therapy without immunotherapy.")] = "",
    score: Annotated[list[Path] | None, typer.Option(help="A score file (docs/cohort.md); several times.")] = None,
    tree: Annotated[Path | None, typer.Option(help="Newick tree, for UniFrac.")] = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="Code of an error that was looked at; several times.")
    ] = None,
    invert: Annotated[list[str] | None, typer.Option(help="Study whose label is turned round; several times.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds, forests and permutations.")] = 1,
    workers: Annotated[int, typer.Option(help="Threads for predictions; the result is the same.")] = 2,
    permutations: Annotated[int, typer.Option(help="Permutations of PERMANOVA.")] = 999,
    refits: Annotated[int, typer.Option(help="Permutations of predictions.")] = 200,
    no_model: Annotated[bool, typer.Option("--no-model", help="Leave the mechanistic model out.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Write the whole document to stdout.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in the folder.")] = False,
) -> None:
    """Compare responders with others in real cohorts; check, describe, predict without leakage, and report.

    Writes report.html, cohort.json and data/ (a CSV a figure, STORMS checklist, MIxS fields). Research use only.
    """
    from hepaxis.cli.plan import can_be_written
    from hepaxis.cohort import join
    from hepaxis.cohort.analysis import Options, analyse_cohort
    from hepaxis.cohort.analysis.run import table_texts
    from hepaxis.problems import InputError, error
    from hepaxis.report.cohort_page import PAGE, RESULT, render_cohort
    from hepaxis.report.cohort_records import read_cohort
    from hepaxis.report.write import write_whole

    began = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"[{time.monotonic() - began:5.1f} s] {text}", err=True)

    can_be_written(out)
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        hint = "choose another folder or add --overwrite"
        raise InputError([error("cohort.out", "the output folder is not empty", hint, file=str(out))])
    if len(files) < 2:
        hint = "give one or more profiles and then the clinical table"
        raise InputError([error("cohort.files", f"{len(files)} file given", hint)])
    say("reading and checking")
    joined = join(
        list(files[:-1]),
        [files[-1], *(clinical or [])],
        response=response,
        columns=_pairs(column, "--column"),
        units=_pairs(unit, "--unit"),
        sample=sample,
        taxonomy=taxonomy,
        rank=rank,
        accept=accept or (),
        invert=invert or (),
    )
    options = Options(
        adjust=adjust,
        exposures=exposure or (),
        control=control,
        scores=score or (),
        tree=tree,
        seed=seed,
        workers=workers,
        permutations=permutations,
        refits=refits,
        mechanism=not no_model,
    )
    found = analyse_cohort(joined, options, progress=say)
    text = found.text()
    page = render_cohort(read_cohort(text))
    write_whole(out / DATA, table_texts(found.tables))
    write_whole(out, {RESULT: text, PAGE: page})
    typer.echo(text if json else _told(found.document))
    say(f"wrote {out / PAGE}")


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """'a=b' words as a mapping.  InputError for a word without '='."""
    from hepaxis.problems import InputError, error

    pairs = [word.partition("=") for word in given or ()]
    wrong = [word for word, equals, value in pairs if not equals or not value]
    if wrong:
        raise InputError([error("cohort.option", f"{option} {w}", "write field=value") for w in wrong])
    return {name: value for name, _, value in pairs}


def _told(document: dict[str, Any]) -> str:
    """The verdict, and each section's findings in a line."""
    lines = [document["answer"]["sentence"], *document["answer"]["reasons"], ""]
    for section in document["sections"]:
        lines.append(section["title"])
        lines += [f"    {panel['title']}: {panel['finding']}" for panel in section["panels"]]
    return "\n".join([*lines, "", document["power"]])
