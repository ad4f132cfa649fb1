"""Make ``guild_reference`` and ``guild_reference_correlation``: guild shares of public cohorts, by profiler family.

Run from the project root: ``python tools/make_guild_reference.py [path of ../shared/data]``.  Reads only sets whose
licence (MIT) allows a fitted table to be shipped; no sample leaves the data folder, only the figures of a family.
These are treated cancer cohorts, not healthy people.  Persons with two samples count once (their first).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hepaxis.profile.guilds import GUILDS, shares
from hepaxis.profile.names import RANKS
from hepaxis.profile.reference import DETECTION_SHARE, QUANTILES, Generator

Array = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "src" / "hepaxis" / "knowledge" / "tables"

#: family -> (cohorts in words, licence, source locators)
ORIGIN = {
    "metaphlan4": (
        "lung cancer under anti-PD-(L)1",
        "MIT",
        "doi:10.1016/j.cell.2024.05.029; https://github.com/valerioiebba/TOPOSCORE",
    ),
    "gtdb": (
        "ten checkpoint-inhibitor cohorts, mostly melanoma",
        "MIT",
        "https://github.com/JeniaOle13/cancer-biomarkers",
    ),
    "16s": (
        "colorectal cancer and gastrectomy studies, cases and controls, genus level",
        "MIT",
        "; ".join(
            (
                "https://github.com/borenstein-lab/microbiome-metabolome-curated-data",
                "doi:10.1371/journal.pone.0152126",
                "doi:10.1136/gutjnl-2019-319188",
            )
        ),
    ),
}
_PREFIXES = {
    "d": "domain",
    "k": "domain",
    "p": "phylum",
    "c": "class",
    "o": "order",
    "f": "family",
    "g": "genus",
    "s": "species",
}

#: Below this identified part (percent) a profile of the validation table is a fragment; whole ones start at 36.
LEAST_IDENTIFIED_PCT = 33.0
#: A genus a set's authors cannot mean: Clostridioides in 96% of Sinha's samples at a median of 3.6% is the mapping of
#: unnamed Peptostreptococcaceae to the best-known genus of the family.
MISNAMED = {"sinha_crc_2016": "Clostridioides"}
FIT_DRAWS = 8000
FIT_STEPS = 60
STEP = 0.25
SEED = 1
#: Position of the median among QUANTILES; the basis is scaled so that the largest guild's median is 1.
MEDIAN = QUANTILES.index(50)
#: Any share above this is a carrier in a drawn community, where an absent guild is exactly zero.
LEAST_DRAWN = 1e-12
MIN_EIGENVALUE = 1e-3


def lineage(text: str) -> dict[str, str]:
    found = dict.fromkeys(RANKS, "")
    for part in text.split(";"):
        part = part.strip()
        if part[1:3] == "__" and part[0] in _PREFIXES:
            found[_PREFIXES[part[0]]] = part[3:]
    return found


def guild_table(abundance: pd.DataFrame, lineages: list[dict[str, str]]) -> pd.DataFrame:
    taxa = pd.DataFrame(lineages, index=abundance.columns, columns=list(RANKS))
    return shares(abundance[abundance.sum(axis=1) > 0], taxa).shares


def _species_table(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame.apply(pd.to_numeric, errors="coerce").dropna(axis=1, how="all").fillna(0.0)
    return guild_table(values, [dict.fromkeys(RANKS, "") | {"species": name} for name in values.columns])


def fuller_of_doubled(table: pd.DataFrame) -> pd.DataFrame:
    """One profile a sample id, the one with more identified, and none below LEAST_IDENTIFIED_PCT.

    The validation table lists 48 ids twice with conflicting profiles, one of each pair a fragment (median 18%
    identified, often without any Bacteroidales); fragments would put false zeros into the reference.
    """
    values = table.apply(pd.to_numeric, errors="coerce").fillna(0.0)
    total = values.sum(axis=1).to_numpy()
    kept = values.iloc[np.argsort(total, kind="stable")[::-1]]
    kept = kept[~kept.index.duplicated(keep="first")]
    return kept[kept.sum(axis=1) >= LEAST_IDENTIFIED_PCT]


def metaphlan4(data: Path) -> pd.DataFrame:
    folder = data / "toposcore_nsclc"
    clinical = ["Cohort", "OS", "Death", "OS12", "AKK_TRICHO"]
    valid = pd.read_csv(folder / "met4_valid_complete.csv", index_col=0).drop(columns=clinical, errors="ignore")
    series = pd.read_csv(folder / "DS6_longitudinal_microbiome_data.csv.gz", index_col=0)
    persons = pd.read_csv(folder / "DS5_longitudinal_clinical_data.csv")
    first = persons["Sample_id_V0"].fillna(persons["Sample_id_V3"]).dropna()
    later = set(series.index) - set(first)
    series = series.loc[[name for name in series.index if name in set(first)]]
    valid = fuller_of_doubled(valid)
    valid = valid.loc[[name for name in valid.index if name not in later and name not in set(series.index)]]
    return pd.concat([_species_table(series), _species_table(valid)])


def gtdb(data: Path) -> pd.DataFrame:
    folder = data / "ici_ogu_11cohorts"
    taxonomy = pd.read_csv(folder / "taxonomy.tsv", sep="\t", index_col=0)["Taxon"]
    tables = []
    for path in sorted(folder.glob("*_table.tsv.gz")):
        table = pd.read_csv(path, sep="\t", index_col=0).T
        tables.append(guild_table(table, [lineage(taxonomy.get(name, "")) for name in table.columns]))
    return pd.concat(tables)


def genus_level(data: Path) -> pd.DataFrame:
    tables = []
    for name in ("sinha_crc_2016", "erawijantari_gastrectomy_2020"):
        table = pd.read_csv(data / name / "genus_relative_abundance.csv", index_col=0)
        lines = pd.read_csv(data / name / "genus_lineage_gtdb.csv", index_col=0)["lineage"]
        if name in MISNAMED:
            lines = lines.str.replace(f"g__{MISNAMED[name]}", "g__", regex=False)
        tables.append(guild_table(table, [lineage(lines[column]) for column in table.columns]))
    return pd.concat(tables)


def describe(table: pd.DataFrame) -> pd.DataFrame:
    """Prevalence, log moments among carriers and quantiles over all samples, one row a guild."""
    rows = {}
    for guild in GUILDS:
        values = table[guild].to_numpy()
        carriers = np.log(values[values >= DETECTION_SHARE])
        row = {"prevalence": len(carriers) / len(values), "log_mean": carriers.mean(), "log_sd": carriers.std(ddof=1)}
        row |= {f"q{q:02d}": float(np.percentile(values, q)) for q in QUANTILES}
        rows[guild] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def scores(values: Array) -> Array:
    """Normal scores per guild; ties (the zeros) share their middle rank."""
    ranks = np.apply_along_axis(stats.rankdata, 0, np.where(values < DETECTION_SHARE, 0.0, values))
    return np.asarray(stats.norm.ppf((ranks - 0.5) / len(values)), dtype=float)


def to_correlation(matrix: Array) -> Array:
    """Nearest usable correlation matrix: eigenvalues floored, diagonal set back to one."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    fixed = vectors @ np.diag(np.maximum(values, MIN_EIGENVALUE)) @ vectors.T
    size = np.sqrt(np.diag(fixed))
    return np.asarray(fixed / np.outer(size, size), dtype=float)


def carrier_quantiles(values: Array, least: float) -> Array:
    """Log shares at the QUANTILES of the samples where a guild's share is at least ``least``, 12 x 5."""
    logs = np.where(values >= least, np.log(np.maximum(values, least)), np.nan)
    return np.asarray(np.nanpercentile(logs, QUANTILES, axis=0).T, dtype=float)


def fit(values: Array, prevalence: Array) -> Generator:
    """Basis parameters whose closed communities have the quantiles and correlations of the data; found by simulation,
    because closing to a sum of one moves all of them."""
    wanted = carrier_quantiles(values, DETECTION_SHARE)
    target = np.asarray(np.corrcoef(scores(values), rowvar=False), dtype=float)
    basis, correlation = wanted.copy(), to_correlation(target)
    for _ in range(FIT_STEPS):
        drawn = Generator(prevalence, basis, correlation).draw(FIT_DRAWS, np.random.default_rng(SEED))
        moved = basis + STEP * (wanted - carrier_quantiles(drawn, LEAST_DRAWN))
        moved = moved - moved[:, MEDIAN].max()
        up, down = np.maximum.accumulate(moved, axis=1), np.minimum.accumulate(moved[:, ::-1], axis=1)[:, ::-1]
        basis = (up + down) / 2.0
        off = target - np.corrcoef(scores(drawn), rowvar=False)
        correlation = to_correlation(correlation + STEP * off)
    return Generator(prevalence, basis, correlation)


def rows(family: str, table: pd.DataFrame) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    described = describe(table)
    model = fit(table.to_numpy(), described["prevalence"].to_numpy())
    cohorts, licence, source = ORIGIN[family]
    common = {"profiler": family, "source": source, "checked": "recomputed"}
    guilds: list[dict[str, object]] = []
    for position, guild in enumerate(GUILDS):
        basis = {f"basis_q{q:02d}": value for q, value in zip(QUANTILES, model.log_basis[position], strict=True)}
        figures = {key: f"{value:.6g}" for key, value in [*described.loc[guild].items(), *basis.items()]}
        text = {"id": f"{family}_{guild}", "label": f"{guild} by {family}", "guild_id": guild, "n": len(table)}
        guilds.append({**text, **figures, "cohorts": cohorts, "licence": licence, **common})
    pairs: list[dict[str, object]] = [
        {
            "id": f"{family}_{a}_{b}",
            "label": f"{a} with {b} by {family}",
            "guild_a": a,
            "guild_b": b,
            "correlation": f"{model.correlation[i, j]:.5f}",
            **common,
        }
        for i, a in enumerate(GUILDS)
        for j, b in enumerate(GUILDS)
        if i < j
    ]
    return guilds, pairs


def write(name: str, table: Iterable[dict[str, object]]) -> None:
    with (TABLES.parent / "schema" / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        header = [row["column"] for row in csv.DictReader(handle)]
    with (TABLES / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    if not data.is_dir():
        sys.exit(f"public data not found at {data}: give its path")
    guilds: list[dict[str, object]] = []
    pairs: list[dict[str, object]] = []
    for family, load in (("metaphlan4", metaphlan4), ("gtdb", gtdb), ("16s", genus_level)):
        table = load(data)
        print(f"{family}: {len(table)} samples", file=sys.stderr)
        more_guilds, more_pairs = rows(family, table)
        guilds += more_guilds
        pairs += more_pairs
    write("guild_reference", guilds)
    write("guild_reference_correlation", pairs)


if __name__ == "__main__":
    main()
