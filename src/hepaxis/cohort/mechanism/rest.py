"""Each real community in the same typical host: what the model says it makes, and how far the tumour would shrink.

Held: shares of guilds are the sample's own; traits within a guild, load and what a person adds are typical ones, and so
is the host, so that samples differ by their community alone.  Every claim of the gates is at its prior mean.  The
mechanistic score is minus the log relative tumour volume after half a year on the reference regimen: it orders
communities as the model does and is judged like any other predictor.  It was fitted to no cohort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.population import (
    Guts,
    Mechanisms,
    Twin,
    build_twin,
    engine_model,
    prior_mean_mechanisms,
    reference_gut,
    run_strategy,
    solved_tau,
    typical_host,
)
from hepaxis.population.guts import niche_if_open
from hepaxis.profile.guilds import GUILDS, shares
from hepaxis.profile.reference import reference

REGIMEN = "atezolizumab_bevacizumab"
HORIZON_DAYS = 182.0
CHUNK = 250  # communities closed at once
FEATURES = {
    "butyrate made": "made_butyrate",
    "secondary to primary bile acids": "secondary_ratio",
    "indole-3-propionate": "ipa",
    "LPS in the portal vein": "hexa_portal",
    "gut wall": "barrier",
    "CD8 cells in the tumour": "effectors",
}


@dataclass(frozen=True)
class RestFeatures:
    """features: samples x ``FEATURES`` (model units); guilds: samples x guilds (shares); score: samples, higher meaning
    more shrinkage; failed: samples that could not be closed or run, whose values are NaN."""

    features: pd.DataFrame
    guilds: pd.DataFrame
    score: pd.Series
    failed: int


def rest_of(abundance: pd.DataFrame, lineages: pd.DataFrame, profiler: str) -> RestFeatures:
    """samples x taxa (shares), taxa x ranks; ``profiler`` one of ``profile.PROFILERS``."""
    guilds = shares(abundance, lineages).shares[list(GUILDS)]
    parts, scores, failed = [], [], 0
    for start in range(0, len(guilds), CHUNK):
        part = guilds.iloc[start : start + CHUNK]
        twin = twin_of(part.to_numpy(float), mechanisms_at_mean(len(part)), profiler)
        values = engine_model().observe(twin.closed.states, twin.closed.parameters, list(FEATURES.values()))
        shrinkage, lost = shrinkage_of(twin)
        broken = ~twin.ok | lost
        frame = pd.DataFrame(np.asarray(values, float), columns=list(FEATURES), index=part.index)
        parts.append(frame.mask(pd.Series(broken, index=part.index), np.nan))
        scores.append(pd.Series(np.where(broken, np.nan, shrinkage), index=part.index))
        failed += int(broken.sum())
    return RestFeatures(pd.concat(parts), guilds, pd.concat(scores).rename("mechanistic score"), failed)


def mechanisms_at_mean(n: int, off: tuple[str, ...] = ()) -> Mechanisms:
    """n draws, all at the prior mean, the gates ``off`` (names of inputs) at 0."""
    mean = prior_mean_mechanisms(solved_tau())
    inputs = pd.concat([mean.inputs] * n, ignore_index=True).assign(**dict.fromkeys(off, 0.0))
    return Mechanisms(inputs, np.repeat(np.asarray(mean.core, float), n))


def twin_of(guild_shares: np.ndarray, mechanisms: Mechanisms, profiler: str) -> Twin:
    """The typical host with each community (n x guilds) at rest."""
    of = reference(profiler)
    whole = guild_shares / guild_shares.sum(1, keepdims=True)
    typical = reference_gut(of)
    guts = Guts(
        shares=whole,
        absent=np.repeat(niche_if_open(of)[None, :], len(whole), axis=0),
        open=(whole > 0).astype(float),
        inputs=pd.concat([typical.inputs] * len(whole), ignore_index=True),
        source="profile",
    )
    return build_twin(None, guts, mechanisms, of, hosts=typical_host(), seed=0)


def shrinkage_of(twin: Twin) -> tuple[np.ndarray, np.ndarray]:
    """Minus log relative volume at the horizon, and who failed."""
    run = run_strategy(twin, [REGIMEN], HORIZON_DAYS)
    volume = np.asarray(run.values["tumour_volume"], float)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = -np.log(volume[:, -1] / volume[:, 0])
    return np.where(np.isfinite(change), change, np.nan), np.asarray(run.failed, bool) | ~np.isfinite(change)
