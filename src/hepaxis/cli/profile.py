"""``hepaxis profile``: what a stool profile holds, how it was read, and what is doubtful about it.

Report to stdout, problems to stderr; exit code 1 with the whole list when the file cannot be used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from hepaxis.profile import Profile

EXIT_OUTPUT = 3
"""Exit code of an output that cannot be written (docs/commands.md)."""

SHOWN_SAMPLES = 10
"""Samples listed one by one on the terminal; all are in the JSON.  A choice for readability."""

SHOWN_TAXA = 5
"""Taxa shown a sample on the terminal."""


def profile(
    path: Annotated[Path, typer.Argument(help="Profile in any supported format, gzip or not.")],
    taxonomy: Annotated[Path | None, typer.Option(help="Taxonomy file for ASV, OTU or genome ids.")] = None,
    sample: Annotated[str | None, typer.Option(help="Only this sample.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the table of samples x taxa (TSV) to this file.")] = None,
) -> None:
    """Read a profile and say what is in it. Research use only, not for treatment decisions."""
    from hepaxis.problems import InputError
    from hepaxis.profile import read

    try:
        found = read(path, taxonomy=taxonomy, sample=sample)
    except InputError as fault:
        for problem in fault.problems:
            typer.echo(str(problem), err=True)
        raise typer.Exit(1) from None
    if out is not None:
        _write(found, out)
    report = describe(found)
    if json:
        import json as text

        typer.echo(text.dumps(report, indent=2, allow_nan=False))
    else:
        typer.echo(render(report))
    for problem in found.problems:
        typer.echo(str(problem), err=True)


def describe(found: Profile) -> dict[str, Any]:
    """Profile -> the JSON document of ``hepaxis profile --json``."""
    from hepaxis import STATEMENT
    from hepaxis.profile import alpha_diversity

    measures = alpha_diversity(found.abundance)
    guilds, assigned, resolved = _guild_shares(found)
    unknown, reads = found.unknown.to_numpy(), found.reads.to_numpy()
    values, shares = found.abundance.to_numpy(), guilds.to_numpy()
    shannon, simpson, richness = (measures[c].to_numpy() for c in ("shannon", "simpson", "richness"))
    samples = []
    for i, name in enumerate(found.samples):
        top = values[i].argsort()[::-1][:SHOWN_TAXA]
        samples.append(
            {
                "sample": name,
                "reads": _number(reads[i]),
                "unknown": _number(unknown[i]),
                "shannon": _number(shannon[i]),
                "simpson": _number(simpson[i]),
                "richness": int(richness[i]),
                "guilds": {str(g): float(v) for g, v in zip(guilds.columns, shares[i], strict=True)},
                "assigned": float(assigned.to_numpy()[i]),
                "resolved": float(resolved.to_numpy()[i]),
                "top": {found.taxa[t]: float(values[i, t]) for t in top if values[i, t] > 0},
            }
        )
    return {
        "statement": STATEMENT,
        "format": found.format,
        "profiler": found.profiler,
        "database": found.database,
        "rank": found.rank,
        "taxa": len(found.taxa),
        "samples": samples,
        "steps": [{"text": s.text, "code": s.code, "counts": s.counts} for s in found.log],
        "problems": [p.as_dict() for p in found.problems],
    }


def render(report: dict[str, Any]) -> str:
    """The JSON document as a page for the terminal."""
    samples = report["samples"]
    database = f", database {report['database']}" if report["database"] else ""
    title = f"{report['format']} ({report['profiler']}{database}): {len(samples)} samples, {report['taxa']} taxa"
    columns = (
        f"{'unknown':>8} {'reads':>10} {'Shannon':>8} {'Simpson':>8} {'taxa':>6} {'in guilds':>10} {'known taxa':>11}"
    )
    lines = [f"{title}, rank {report['rank']}", "", "Steps"]
    lines += [f"  {step['text']}" for step in report["steps"]]
    lines += ["", f"{'sample':<24} {columns}"]
    for row in samples[:SHOWN_SAMPLES]:
        lines.append(
            f"{row['sample'][:24]:<24} {_percent(row['unknown']):>8} {_whole(row['reads']):>10} "
            f"{_fixed(row['shannon']):>8} {_fixed(row['simpson']):>8} {row['richness']:>6} "
            f"{_percent(row['assigned']):>10} {_percent(row['resolved']):>11}"
        )
    if len(samples) > SHOWN_SAMPLES:
        lines.append(f"... and {len(samples) - SHOWN_SAMPLES} more (--json has all)")
    if samples:
        names = list(samples[0]["guilds"])
        lines += ["", "Guild shares", " " * 24 + "".join(f"{g:>7}" for g in names)]
        for row in samples[:SHOWN_SAMPLES]:
            shares = "".join(f"{_percent(row['guilds'][g]):>7}" for g in names)
            lines.append(f"{row['sample'][:24]:<24}{shares}")
    lines += ["", "Most abundant"]
    for row in samples[:SHOWN_SAMPLES]:
        top = ", ".join(f"{t} {v:.1%}" for t, v in row["top"].items())
        lines.append(f"  {row['sample'][:24]}: {top}")
    return "\n".join([*lines, "", report["statement"]])


def _guild_shares(found: Profile) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Guild shares a sample, the share placed by a rule other than the rest rule, the share with a known taxon id."""
    from hepaxis.profile import guilds, names

    shared = guilds.shares(found.abundance, found.lineages)
    known = (names.resolve(found.lineages)["taxon_id"] != "").to_numpy()
    return shared.shares, shared.assigned, found.abundance.loc[:, known].sum(axis=1)


def _write(found: Profile, out: Path) -> None:
    """The relative table, whole or not at all."""
    part = out.with_name(out.name + ".part")
    try:
        found.abundance.to_csv(part, sep="\t")
        part.replace(out)
    except OSError as fault:
        part.unlink(missing_ok=True)
        why = fault.strerror or fault
        typer.echo(f"error: {out}: cannot be written ({why}). Give another --out. [profile.out]", err=True)
        raise typer.Exit(EXIT_OUTPUT) from None


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number else None


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _fixed(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
