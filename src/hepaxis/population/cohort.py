"""A simulated cohort: many people, each with a drawn community and drawn residuals, for readouts across people.

Held: the population's hosts on communities of the reference generator, with the residuals that make taxa poor
predictors of metabolites (``gut_from_prior``).  A correlation pairs each gut with a host of its own.  A contrast by
response crosses guts with the same few hosts and compares people of the same host, so that chance differences between
hosts do not pose as differences between guts.
Assumed: response is smooth about RECIST's 30% (the weight of a responder), so that a few people at the threshold do not
decide; ties, as of guilds that are absent, count half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from hepaxis.population.closure import Closed, close, combine, engine_model, references
from hepaxis.population.guts import Guts, gut_from_prior, reference_gut
from hepaxis.population.hosts import draw_hosts
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.profile.reference import GuildReference

PEOPLE = 200  # of a correlation: a rank correlation of 0 has standard error 0.07
GUTS, HOSTS = 256, 3  # of a contrast
RESPONSE = 0.343  # volume left where the diameter has shrunk by 30% (RECIST 1.1 partial response)
SMOOTH = 0.25  # of the logarithm of the volume ratio, about its measurement error; assumed
NORMAL90 = 1.2816
RESAMPLES = 100


@dataclass(frozen=True)
class People:
    """V people at rest; ``gut`` and ``host`` (V,) say which each has."""

    closed: Closed
    gut: np.ndarray
    host: np.ndarray


def draw_people(
    reference: GuildReference,
    mechanisms: Mechanisms,
    shared: dict[str, float],
    *,
    hosts: int,
    guts: int,
    crossed: bool,
    seed: int,
) -> People:
    """People at rest, ``hosts`` x ``guts`` of them where crossed, else one host a gut (then hosts == guts).

    mechanisms has one draw, the same for all; shared: model inputs that all have (``host.steatohepatitis``).
    """
    drawn = draw_hosts(None, hosts, seed, one_lesion=True).inputs.assign(**shared)
    host = combine([drawn])
    refs = references(host, reference_gut(reference))
    own = gut_from_prior(reference, guts, seed)
    gut = np.repeat(np.arange(guts), hosts) if crossed else np.arange(guts)
    row = np.tile(np.arange(hosts), guts) if crossed else np.arange(hosts)
    claims = mechanisms.inputs.iloc[np.zeros(len(gut), int)]
    parts = [pd.concat([host, refs], axis=1).iloc[row].reset_index(drop=True)]
    parts.append(combine([claims, own.inputs.iloc[gut]]))
    inputs = own.inputs.iloc[gut].reset_index(drop=True)
    spread = Guts(own.shares[gut], own.absent[gut], own.open[gut], inputs, own.source)
    return People(close(pd.concat(parts, axis=1), spread), gut, row)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Spearman's correlation and its 10-90% interval (Fisher's z).  nan where one does not vary."""
    fine = np.isfinite(first) & np.isfinite(second)
    count = int(fine.sum())
    one, other = rankdata(first[fine]), rankdata(second[fine])
    if count < 4 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan"), float("nan"), float("nan")
    rho = float(np.corrcoef(one, other)[0, 1])
    z, half = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12)), NORMAL90 / np.sqrt(count - 3)
    return rho, float(np.tanh(z - half)), float(np.tanh(z + half))


def responder_weight(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(V,) 0-1: how much of a responder a person is, by tumour volume (mL) before and after."""
    left = np.log(np.maximum(after, 1e-12) / before) - np.log(RESPONSE)
    weight: np.ndarray = 1.0 / (1.0 + np.exp(np.clip(left / SMOOTH, -500, 500)))
    return weight


def responder_odds(values: np.ndarray, weight: np.ndarray, host: np.ndarray) -> float:
    """Odds that a responder has more of the variable than a non-responder of the same host; 1: no contrast.

    values, weight, host are (V,).
    """
    wins = pairs = 0.0
    for one in np.unique(host):
        here = host == one
        won, all_ = _pairs(values[here], weight[here])
        wins, pairs = wins + won, pairs + all_
    return float(wins / (pairs - wins))


def _pairs(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """(pairs in which the responder has more, all pairs), weighted; ties count half."""
    order = np.argsort(values, kind="stable")
    others = np.concatenate([[0.0], np.cumsum((1 - weight)[order])])  # weight of non-responders up to a rank
    less, upto = (np.searchsorted(values[order], values, side=side) for side in ("left", "right"))
    itself = weight @ (1 - weight)  # a person is no pair with themselves
    return float(weight @ (others[less] + others[upto]) / 2 - itself / 2), float(
        weight.sum() * (1 - weight).sum() - itself
    )


def odds_interval(
    values: np.ndarray, weight: np.ndarray, people: People, rows: np.ndarray, seed: int
) -> tuple[float, float]:
    """10-90% over guts drawn again; values and weight are of ``rows`` of the people."""
    gut, host = people.gut[rows], people.host[rows]
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(gut == one) for one in np.unique(gut)]
    found = []
    for _ in range(RESAMPLES):
        again = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        found.append(responder_odds(values[again], weight[again], host[again]))
    low, high = np.quantile(found, (0.1, 0.9))
    return float(low), float(high)


def volume(states: np.ndarray) -> np.ndarray:
    """(V,) tumour volume in mL."""
    column: np.ndarray = states[:, list(engine_model().states).index("tumour_volume")]
    return column
