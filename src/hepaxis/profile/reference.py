"""Reference communities: how much of each guild a profiler finds in a stool, and a generator of such communities.

What it is NOT: a healthy norm.  The tables are fitted to treated cancer cohorts (lung cancer for metaphlan4, eleven
checkpoint-inhibitor cohorts for gtdb, colorectal and gastric cancer studies with their controls for 16s), because
only their licences (MIT) allow it.  Assumes that within a profiler family the guild shares are comparable; across
families they are not.  The generator is logistic-normal with zeros: correlated normal scores decide which guilds are
there and how large their log abundance is (a broken line of the score), then the twelve are closed to sum 1.  Made by
``tools/make_guild_reference.py``; tables ``guild_reference`` and ``guild_reference_correlation`` of ``knowledge``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hepaxis import knowledge
from hepaxis.profile.guilds import GUILDS

QUANTILES = (5, 25, 50, 75, 95)  # percent of samples
#: A guild below this share counts as absent: about one read in a 100,000-read profile.
DETECTION_SHARE = 1e-5
#: Communities drawn to place a sample among the reference; enough for a percentile to about +-0.5.
COMPARISON_DRAWS = 8000
COMPARISON_SEED = 20240607
#: Levels closer to 0 or 1 than this are held there: no guild is drawn beyond its one-in-10,000 extremes.
_EDGE = 1e-4

#: Family whose reference stands in for a profiler that has none of its own.
_STANDS_IN = {
    "metaphlan4": "metaphlan4",
    "metaphlan3": "metaphlan4",
    "metaphlan2": "metaphlan4",
    "motus": "metaphlan4",
    "humann": "metaphlan4",
    "gtdb": "gtdb",
    "sylph": "gtdb",
    "ogu": "gtdb",
    "bracken": "gtdb",
    "kraken2": "gtdb",
    "16s": "16s",
    "qiime2": "16s",
    "dada2": "16s",
}
_LAST_RESORT = "metaphlan4"


@dataclass(frozen=True)
class Generator:
    """Parameters of the generating model, in the order of GUILDS.

    prevalence   probability that the guild is present, 12
    log_basis    log basis abundance at the QUANTILES of those where it is present, 12 x 5; linear in the normal
                 score between and beyond them, so that straight lines are log-normal guilds
    correlation  12 x 12, of the normal scores
    """

    prevalence: npt.NDArray[np.float64]
    log_basis: npt.NDArray[np.float64]
    correlation: npt.NDArray[np.float64]

    def draw(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """n communities, n x 12, rows sum to 1."""
        none = np.zeros(len(self.prevalence))
        return self.communities(rng.multivariate_normal(none, self.correlation, size=n, method="eigh"))

    def communities(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Communities of given normal scores of the guilds, n x 12, rows sum to 1."""
        level = stats.norm.cdf(scores)
        absent = 1.0 - self.prevalence
        within = np.clip((level - absent) / self.prevalence, _EDGE, 1.0 - _EDGE)
        basis = np.exp(
            np.column_stack([_on_line(row, column) for row, column in zip(self.log_basis, within.T, strict=True)])
        )
        basis[level < absent] = 0.0
        basis[basis.sum(axis=1) == 0, np.argmax(self.prevalence)] = 1.0
        closed: npt.NDArray[np.float64] = basis / basis.sum(axis=1, keepdims=True)
        return closed


def _on_line(values: npt.NDArray[np.float64], level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values at the QUANTILES, read at other levels: linear in the normal score, extended beyond both ends."""
    knots = stats.norm.ppf(np.array(QUANTILES) / 100.0)
    score = stats.norm.ppf(level)
    inside = np.interp(score, knots, values)
    low, high = np.diff(values)[[0, -1]] / np.diff(knots)[[0, -1]]
    inside = np.where(score < knots[0], values[0] + low * (score - knots[0]), inside)
    return np.where(score > knots[-1], values[-1] + high * (score - knots[-1]), inside)


@dataclass(frozen=True)
class GuildReference:
    """Reference community of a profiler family.

    profiler   as asked for; ``family`` is the one whose data stand behind it
    statement  one sentence for the report: what the reference is, and whether another family stands in
    table      12 rows (index GUILDS): prevalence, log_mean, log_sd (carriers), q05 ... q95 (all samples), n
    """

    profiler: str
    family: str
    statement: str
    table: pd.DataFrame
    generator: Generator

    @property
    def stands_in(self) -> bool:
        """True where another family's data had to be taken."""
        return self.profiler != self.family

    @property
    def quantiles(self) -> pd.DataFrame:
        """Quantiles of the share over all samples, 12 x (5, 25, 50, 75, 95) percent."""
        frame = self.table[[f"q{q:02d}" for q in QUANTILES]].copy()
        frame.columns = pd.Index(QUANTILES)
        return frame

    def draw(self, n: int, seed: int) -> pd.DataFrame:
        """n communities in the likeness of the reference: n x 12 shares in the order of GUILDS, rows sum to 1."""
        return pd.DataFrame(self.generator.draw(n, np.random.default_rng(seed)), columns=list(GUILDS))

    def compare(self, shares: pd.DataFrame) -> pd.DataFrame:
        """Percentile (0-100) of each guild share among the reference communities; samples x 12.

        Ties (an absent guild where many lack it) get the middle of their range.
        """
        drawn = _comparison(self.family)
        values = shares[list(GUILDS)].to_numpy(dtype=float)
        values = np.where(values < DETECTION_SHARE, 0.0, values)
        columns = []
        for guild in range(len(GUILDS)):
            below = np.searchsorted(drawn[:, guild], values[:, guild], side="left")
            up_to = np.searchsorted(drawn[:, guild], values[:, guild], side="right")
            columns.append(100.0 * (below + up_to) / 2.0 / len(drawn))
        return pd.DataFrame(np.column_stack(columns), index=shares.index, columns=list(GUILDS))


@lru_cache(maxsize=8)
def _comparison(family: str) -> npt.NDArray[np.float64]:
    drawn = reference(family).draw(COMPARISON_DRAWS, COMPARISON_SEED).to_numpy()
    drawn = np.where(drawn < DETECTION_SHARE, 0.0, drawn)
    drawn.sort(axis=0)
    return drawn


def families() -> tuple[str, ...]:
    """Profiler families that have a reference of their own."""
    return tuple(dict.fromkeys(str(record["profiler"]) for record in knowledge.records("guild_reference")))


def reference(profiler: str) -> GuildReference:
    """The reference community for a profiler (``metaphlan4``, ``gtdb``, ``16s`` or any other, which falls back).

    A profiler without data of its own gets another family's reference; ``statement`` and ``stands_in`` say so.
    """
    return _load(profiler.lower())


@lru_cache(maxsize=32)
def _load(asked: str) -> GuildReference:
    family = _STANDS_IN.get(asked, _LAST_RESORT)
    table = knowledge.table("guild_reference")
    table = table[table["profiler"] == family].set_index("guild_id").loc[list(GUILDS)]
    pairs = knowledge.table("guild_reference_correlation")
    pairs = pairs[pairs["profiler"] == family]
    correlation = np.eye(len(GUILDS))
    for a, b, value in zip(pairs["guild_a"], pairs["guild_b"], pairs["correlation"], strict=True):
        i, j = GUILDS.index(a), GUILDS.index(b)
        correlation[i, j] = correlation[j, i] = value
    generator = Generator(
        prevalence=table["prevalence"].to_numpy(dtype=float),
        log_basis=table[[f"basis_q{q:02d}" for q in QUANTILES]].to_numpy(dtype=float),
        correlation=correlation,
    )
    n = int(table["n"].iloc[0])
    statement = (
        f"compared with {n} samples of treated cancer cohorts ({table['cohorts'].iloc[0]}), not with healthy people"
    )
    if family != asked:
        statement += f"; {asked} has no reference of its own, {family} stands in, so small differences mean nothing"
    keep = ["prevalence", "log_mean", "log_sd", *[f"q{q:02d}" for q in QUANTILES], "n"]
    return GuildReference(asked, family, statement, table[keep], generator)
