"""``hepaxis mimics``: microbial peptides that resemble tumour antigens, each with the number expected by chance."""

from __future__ import annotations

import json as jsonlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hepaxis.antigens.antigen_list import Antigen
    from hepaxis.antigens.gut import Gut
    from hepaxis.antigens.index import SpeciesIndex
    from hepaxis.antigens.targets import Ranks
    from hepaxis.patient import PatientFolder

mimics = typer.Typer(no_args_is_help=True)

RESULT, TABLE, PAGE = "mimics.json", "candidates.tsv", "report.html"
MOST_TOLD = 5  # candidates named on the terminal; the table has all
PART = ".mimics.part"  # finished groups of an interrupted run
INTERRUPTED = 4  # exit code, as everywhere
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


@contextmanager
def _goes_on(kept: str) -> Iterator[None]:
    """An interrupt is told what is kept, and ends with the exit code for it."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"interrupted; {kept} are kept, run it again to go on", err=True)
        raise typer.Exit(INTERRUPTED) from None


@mimics.callback()
def about() -> None:
    """Microbial peptides that resemble tumour antigens, each with the number expected by chance."""
    from hepaxis import STATEMENT

    typer.echo(STATEMENT, err=True)


@mimics.command()
def index(
    proteomes: Annotated[Path, typer.Argument(help="Folder of protein FASTA, one file a species (may be .gz).")],
    folder: Annotated[Path, typer.Argument(help="Folder of the index; made if missing, continued if interrupted.")],
) -> None:
    """Index proteomes once for searching. Safe to stop and run again; unchanged species are kept."""
    from hepaxis.antigens.index import build_index, count_kmers
    from hepaxis.cli.plan import can_be_written

    can_be_written(folder)
    with _goes_on("finished species"):
        species, problems = build_index(proteomes, folder, say=lambda text: typer.echo(text, err=True))
    for problem in problems:
        typer.echo(str(problem), err=True)
    proteins = sum(one.proteins for one in species)
    counts = ", ".join(f"{count} {length}-mers" for length, count in count_kmers(species).items())
    typer.echo(f"{len(species)} species, {proteins} proteins: {counts}")


@mimics.command()
def antigens(json: Json = False) -> None:
    """List the shipped tumour antigens with sources and how far each was checked."""
    from hepaxis.antigens.tables import records

    rows: list[dict[str, Any]] = [dict(row) for row in records("antigens")]
    if json:
        typer.echo(jsonlib.dumps(rows, indent=1))
        return
    for row in rows:
        doubt = f"; unverified: {row['unverified']}" if row["unverified"] else ""
        where = f"{row['antigen']} {row['start']} {row['peptide']}"
        sources = "; ".join(row["source"])
        typer.echo(f"{row['id']}: {where} by {row['hla']}. {row['evidence']} ({sources}) [{row['checked']}{doubt}]")


@mimics.command()
def alleles(json: Json = False) -> None:
    """List the HLA molecules that can be predicted here, and by what."""
    from hepaxis.antigens import matrices
    from hepaxis.antigens.alleles import is_class_two
    from hepaxis.antigens.mhcflurry import installed_models

    matrices.need_matrices()
    held: dict[str, list[str]] = {
        name: [f"{matrices.CLASS_TWO_NAME} (exploratory)" if is_class_two(name) else matrices.NAME]
        for name in matrices.supported()
    }
    flurry = installed_models()
    for name in flurry.alleles if flurry else ():
        held.setdefault(name, []).append("MHCflurry")
    if json:
        typer.echo(jsonlib.dumps(held, indent=1))
        return
    typer.echo(matrices.NOTICE, err=True)
    for name, backends in sorted(held.items()):
        lengths = ", ".join(str(n) for n in matrices.supported().get(name, ()))
        typer.echo(f"{name}: {', '.join(backends)}" + (f" ({lengths}-mers)" if lengths else ""))


@mimics.command()
def search(
    folder: Annotated[Path, typer.Argument(help="Index folder that `hepaxis mimics index` made.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for mimics.json, candidates.tsv and report.html.")],
    patient: Annotated[Path | None, typer.Option(help="Patient's folder: profile, HLA and peptides from it.")] = None,
    profile: Annotated[Path | None, typer.Option(help="Stool profile; only its species are searched.")] = None,
    sample: Annotated[str | None, typer.Option(help="Sample of the profile.")] = None,
    hla: Annotated[str | None, typer.Option(help="Molecules, such as A*02:01,B*46:01; DRB1 is exploratory.")] = None,
    peptides: Annotated[
        Path | None, typer.Option(help="Antigens: FASTA, TSV, VCF annotated by VEP, or a pVACseq table.")
    ] = None,
    kinds: Annotated[str, typer.Option(help="Shipped antigens used without --peptides: taa, hbv or both.")] = "taa,hbv",
    human: Annotated[Path | None, typer.Option(help="Human proteome FASTA: off-targets, tolerance, homology.")] = None,
    binding: Annotated[
        Path | None, typer.Option(help="Ranks from NetMHCpan, or columns allele, peptide, rank.")
    ] = None,
    exposure: Annotated[Path | None, typer.Option(help="Table of species and exposure factor (default 1).")] = None,
    all_species: Annotated[
        bool, typer.Option("--all-species", help="Search species the sample lacks, too: for `mimics cohort`.")
    ] = False,
    permutations: Annotated[int, typer.Option(min=0, help="Permuted antigens of the second null.")] = 1000,
    percent: Annotated[float, typer.Option(min=0.01, max=20, help="Binding rank that counts as presented.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Of permutations.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Threads; the result does not depend on them.")] = 2,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a result that is already there.")] = False,
) -> None:
    """Search a gut for candidate mimics of tumour antigens, each with an E-value from two nulls.

    Without --peptides the shipped HCC antigens (tumour-associated and HBV) are used. Without HLA presentation is not
    considered. A stopped run goes on when started again with the same inputs.
    """
    from hepaxis.antigens import Settings, find_mimics, open_index
    from hepaxis.antigens.alleles import is_class_two
    from hepaxis.antigens.table import candidate_table
    from hepaxis.cli.plan import can_be_written
    from hepaxis.patient.folder import load
    from hepaxis.problems import InputError, error
    from hepaxis.report.mimics_page import render_mimics
    from hepaxis.report.write import write_whole

    began = time.monotonic()
    can_be_written(out)
    if (out / RESULT).exists() and not overwrite:
        hint = "give another folder, or --overwrite"
        raise InputError([error("mimics.there", f"{RESULT} is already there", hint, file=str(out))])

    def say(text: str) -> None:
        typer.echo(f"[{time.monotonic() - began:5.1f} s] {text}", err=True)

    told = load(patient) if patient else None
    others = _backends(binding)
    settings = Settings(percent=percent, permutations=permutations, seed=seed, workers=workers)
    molecules = _molecules(hla, told, others)
    with _goes_on("finished molecules"):
        found = find_mimics(
            _antigens(peptides, kinds, told, any(is_class_two(one) for one in molecules or ())),
            _gut(open_index(folder), profile or (told.profile_path if told else None), sample, exposure, all_species),
            molecules,
            human=_human(human),
            settings=settings,
            others=others,
            keep=out / PART,
            say=say,
        )
    text = jsonlib.dumps(found, indent=1, allow_nan=False) + "\n"
    texts = {RESULT: text, TABLE: candidate_table(found), PAGE: render_mimics(jsonlib.loads(text))}
    write_whole(out, texts)
    shutil.rmtree(out / PART, ignore_errors=True)
    for note in found["notes"]:
        say(note)
    typer.echo(_said(found))


@mimics.command()
def cohort(
    results: Annotated[
        list[Path], typer.Argument(help="Folders that `mimics search --all-species` wrote, one a patient.")
    ],
    seed: Annotated[int, typer.Option(help="Of the permutations.")] = 1,
    json: Json = False,
) -> None:
    """Test whether patients' antigens are nearer to their own gut than to the others', by permuting the guts.

    The only claim about a cohort that is made: antigens and HLA stay with the patient. Similarity, not response.
    """
    from hepaxis.antigens.cohort_claim import cohort_claim, pairings
    from hepaxis.problems import InputError, error

    read, problems = [], []
    for folder in results:
        try:
            read.append(jsonlib.loads((folder / RESULT).read_text(encoding="utf-8")))
        except (OSError, ValueError) as fault:
            hint = "give a folder that `hepaxis mimics search` wrote"
            problems.append(error("mimics.no_result", f"no {RESULT} ({type(fault).__name__})", hint, file=str(folder)))
    if problems:
        raise InputError(problems)
    found = cohort_claim(pairings(read, [str(folder) for folder in results]), seed)
    if json:
        typer.echo(jsonlib.dumps(found, indent=1))
        return
    chance = found["by_chance"]
    typer.echo(
        f"{found['patients']} patients: mean log strength in the own gut {found['observed']:+.3f} against the "
        f"average gut; guts permuted between patients give {chance['median']:+.3f} ({chance['low']:+.3f} to "
        f"{chance['high']:+.3f}); p = {found['p']:.3g}. Similarity of sequences, not response to treatment."
    )


def _antigens(path: Path | None, kinds: str, told: PatientFolder | None, class_two: bool) -> tuple[Antigen, ...]:
    from hepaxis.antigens.antigen_files import read_any
    from hepaxis.antigens.antigen_list import Antigen, shipped
    from hepaxis.problems import InputError, error

    if path is not None:
        found, problems = read_any(path)
        for problem in problems:
            typer.echo(str(problem), err=True)
        return found
    if told is not None and told.peptides:
        return tuple(Antigen(one, one, one, "peptide", source="patient's folder") for one in told.peptides)
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if not wanted or set(wanted) - {"taa", "hbv"}:
        raise InputError([error("mimics.kinds", f"'{kinds}'", "write taa, hbv or taa,hbv", column="--kinds")])
    return shipped(wanted, class_two=class_two)


def _gut(species: list[SpeciesIndex], path: Path | None, sample: str | None, exposure: Path | None, every: bool) -> Gut:
    from hepaxis.antigens.gut import of_profile, read_exposure, whole_index

    factors = read_exposure(exposure) if exposure else None
    if path is None:
        return whole_index(species, factors)
    from hepaxis.profile import read

    return of_profile(read(path), sample, species, factors, every=every)


def _backends(path: Path | None) -> tuple[Ranks, ...]:
    from hepaxis.antigens.mhcflurry import installed_models
    from hepaxis.antigens.prediction_tables import read_ranks

    table, flurry = read_ranks(path) if path else None, installed_models()
    return tuple(one for one in (table, flurry) if one is not None)


def _molecules(hla: str | None, told: PatientFolder | None, others: tuple[Ranks, ...]) -> tuple[str, ...] | None:
    from hepaxis.antigens.alleles import read_alleles
    from hepaxis.antigens.targets import supported_alleles
    from hepaxis.problems import InputError

    names = hla.split(",") if hla else list((told.record.antigens.hla if told else None) or ())
    if not names:
        return None
    if not others:
        from hepaxis.antigens.matrices import need_matrices

        need_matrices()
    found, problems = read_alleles(names, supported_alleles(others), "the installed backends")
    if problems:
        raise InputError(problems)
    return found


def _human(path: Path | None) -> SpeciesIndex | None:
    from hepaxis.antigens.index import in_memory
    from hepaxis.antigens.proteomes import read_fasta

    return None if path is None else in_memory(path.name, read_fasta(path)[0])


def _said(found: dict[str, Any]) -> str:
    claim, targets = found["claim"], found["targets"]
    lines = [
        f"{len({one['antigen_id'] for one in targets})} antigen peptides, {len(found['gut']['species'])} species, "
        f"{sum(row['hits'] for row in targets)} candidates within the cut-offs"
    ]
    for name, words in (("permuted", "antigens with permuted faces"), ("decoys", "natural decoys")):
        null = claim[name]
        if null:
            lines.append(
                f"{null['of']} {null['observed']:.3g}; {words} give {null['median']:.3g} "
                f"({null['low']:.3g} to {null['high']:.3g}); p = {null['p']:.3g}"
            )
    first = {(one["peptide"], one["allele"], one["candidate"]): one for one in reversed(found["candidates"])}
    for one in sorted(first.values(), key=lambda one: one["e_value"])[:MOST_TOLD]:
        others = one["species_with_it"] - 1
        lines.append(
            f"  {one['antigen_id']} {one['peptide']} ~ {one['candidate']} ({one['species']}"
            f"{f' and {others} more' if others else ''}, {one['protein']}) {one['allele']}: E = {one['e_value']:.2g}"
        )
    bridge = found["bridge"]
    if bridge:
        lines.append(
            f"for a plan (off unless written into patient.yaml): antigens: {{mimicry: {bridge['median']:.2f}, "
            f"mimicry_sd_log: {bridge['sd_log']:.2f}}}; whether it helps or harms is disputed"
        )
    warned = sorted({row["antigen_id"] for row in targets if row["published_off_targets"]})
    if warned:
        lines.append(f"human off-targets are published for {', '.join(warned)}")
    lines.append(found["statement"])
    return "\n".join(lines)
