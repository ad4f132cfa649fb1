"""Engraftment of a transplant in its three families: coalescence, donor indicators, stability.

The families of the review of Herman 2025 (first 10.48550/arXiv.2404.07325): how near the recipient comes to the donor,
which features of the donor arrive and which of the recipient stay, and whether it lasts.  They need not agree and are
shown side by side.  What a recipient would share with the donor without any transplant is the ``chance``: the same
share counted in baselines of other recipients and in people never treated.  A donor sampled often is its own yardstick:
a recipient has arrived when it lies within the donor's own spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from hepaxis.cohort.community.distances import distances
from hepaxis.cohort.longitudinal.recovery import wilson
from hepaxis.problems import InputError, Problem, error, warning
from hepaxis.profile.diversity import shannon

DONOR_SPREAD = 0.95
"""Quantile of distances among a donor's own samples within which a recipient has arrived."""
ODD_DEVIATIONS = 6.0
"""Median absolute deviations from which a donor's sample is too unlike the others to be the same person's; a choice."""
DONOR_PRESENT = 0.5
"""Share of a donor's samples that must hold a feature for it to be the donor's."""


@dataclass(frozen=True)
class Engraftment:
    """coalescence: samples after the transplant: recipient, day, ``to_donor``, ``to_baseline`` (distances), ``moved``
    (share of the first distance to the donor that is gone), ``from_donor``, ``from_baseline``, ``from_neither`` (shares
    of the community explained by the two sources, non-negative least squares), shannon, ``shannon_donor``.

    indicators: the same samples: ``donor_features`` (of the donor and not of the baseline), ``engrafted`` (share of
    these present) with ``low``, ``high`` (Wilson), ``chance`` (mean share in people without this transplant),
    ``engrafted_abundance``, ``persisting`` (share of features only the baseline had that are still present),
    ``unseen_abundance`` (abundance of features that neither had).
    features: feature: ``offered_to``, ``engrafted_in`` (recipients, at their last sample), share and interval.
    stability: recipients: ``first_day``, ``last_day``, ``arrived_day`` (first day from which every sample lies within
    the donor's own spread; NaN if never), ``drift`` (change of distance to donor per 30 days after the first sample),
    ``steps`` (mean distance between successive samples), ``back`` (distance to baseline, last over first sample).
    """

    coalescence: pd.DataFrame
    indicators: pd.DataFrame
    features: pd.DataFrame
    stability: pd.DataFrame
    donor_spread: dict[str, float]
    problems: tuple[Problem, ...]


def engraftment(
    abundance: pd.DataFrame,
    subject: pd.Series,
    day: pd.Series,
    donors: Mapping[str, str],
    *,
    metric: str = "bray_curtis",
    detection: float = 0.0,
) -> Engraftment:
    """samples x taxa (relative) with person and day (0 and before: baseline).

    donors     recipient -> donor, both as named in ``subject``; all samples of a donor are the donor's
    detection  share above which a feature is present

    People who are neither are the untreated: they only enter ``chance``.  Recipients without a baseline have no
    indicators.  InputError where no recipient has a sample after day 0, or a donor has none.
    """
    who = subject.reindex(abundance.index).astype(str)
    when = pd.to_numeric(day.reindex(abundance.index), errors="coerce")
    lost = sorted({d for d in donors.values() if not (who == d).any()})
    if lost:
        raise InputError(
            [error("cohort.donor", f"donor '{d}' has no sample", "check the subject column") for d in lost]
        )
    treated = [r for r in donors if ((who == r) & (when > 0)).any()]
    if not treated:
        raise InputError([error("cohort.recipient", "no recipient has a sample after day 0", "check day and subject")])
    problems: list[Problem] = []
    apart = distances(abundance, metric).frame()
    present = abundance > detection
    others = [s for s in abundance.index if who[s] not in set(donors.values()) and not when[s] > 0]
    samples = {d: _alike(d, apart, who.index[who == d], problems) for d in sorted(set(donors.values()))}
    spread = {d: _spread(apart, index) for d, index in samples.items()}
    near, seen, rows, last = [], [], {}, {}
    for recipient in treated:
        donor = samples[donors[recipient]]
        before = who.index[(who == recipient) & (when <= 0)]
        after = when[(who == recipient) & (when > 0)].sort_values(kind="stable")
        if not len(before):
            text = f"{recipient} has no sample before the transplant"
            problems.append(warning("cohort.no_baseline", text, "its donor features cannot be told from its own"))
        part = _coalescence(recipient, abundance, apart, donor, before, after)
        near.append(part)
        rows[recipient] = _stability(part, apart, spread[donors[recipient]])
        if len(before):
            strangers = [s for s in others if who[s] != recipient]
            found, arrived = _indicators(recipient, abundance, present, donor, before, after, strangers)
            seen.append(found)
            last[recipient] = arrived
    return Engraftment(
        coalescence=pd.concat(near),
        indicators=pd.concat(seen) if seen else pd.DataFrame(),
        features=_by_feature(last),
        stability=pd.DataFrame.from_dict(rows, orient="index").rename_axis("recipient"),
        donor_spread=spread,
        problems=tuple(problems),
    )


def _alike(name: str, apart: pd.DataFrame, donor: pd.Index, problems: list[Problem]) -> pd.Index:
    """The donor's samples without those that are nothing like the others: swapped or failed."""
    if len(donor) < 4:
        return donor
    inside = apart.loc[donor, donor].to_numpy().copy()
    np.fill_diagonal(inside, np.nan)
    typical = np.nanmedian(inside, axis=1)
    middle = float(np.median(typical))
    deviation = float(np.median(np.abs(typical - middle)))
    odd = typical > middle + ODD_DEVIATIONS * max(deviation, 1e-9)
    for sample, value in zip(donor[odd], typical[odd], strict=True):
        text = (
            f"sample {sample} of donor {name} is unlike the others (median distance {value:.2f} against {middle:.2f})"
        )
        problems.append(warning("cohort.odd_donor_sample", text, "it was left out; find out whose it is"))
    return donor[~odd]


def _spread(apart: pd.DataFrame, donor: pd.Index) -> float:
    """Distance within which samples of one donor lie of each other; NaN for one sample."""
    inside = apart.loc[donor, donor].to_numpy()[np.triu_indices(len(donor), 1)]
    return float(np.quantile(inside, DONOR_SPREAD)) if len(inside) else float("nan")


def _coalescence(
    recipient: str, abundance: pd.DataFrame, apart: pd.DataFrame, donor: pd.Index, before: pd.Index, after: pd.Series
) -> pd.DataFrame:
    to_donor = apart.loc[after.index, donor].mean(axis=1)
    start = float(apart.loc[before, donor].to_numpy().mean()) if len(before) else np.nan
    sources = [abundance.loc[donor].mean(axis=0).to_numpy(dtype=float)]
    sources += [abundance.loc[before].mean(axis=0).to_numpy(dtype=float)] if len(before) else []
    mixed = [nnls(np.stack(sources, axis=1), abundance.loc[s].to_numpy(dtype=float))[0] for s in after.index]
    weights = np.array([np.pad(w, (0, 2 - len(w))) for w in mixed])
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
    return pd.DataFrame(
        {
            "recipient": recipient,
            "day": after,
            "to_donor": to_donor,
            "to_baseline": apart.loc[after.index, before].mean(axis=1) if len(before) else np.nan,
            "moved": 1.0 - to_donor / start,
            "from_donor": weights[:, 0],
            "from_baseline": weights[:, 1] if len(before) else np.nan,
            "from_neither": 1.0 - weights.sum(axis=1),
            "shannon": shannon(abundance.loc[after.index]),
            "shannon_donor": float(shannon(abundance.loc[donor]).mean()),
        },
        index=after.index,
    )


def _indicators(
    recipient: str,
    abundance: pd.DataFrame,
    present: pd.DataFrame,
    donor: pd.Index,
    before: pd.Index,
    after: pd.Series,
    strangers: list[str],
) -> tuple[pd.DataFrame, pd.Series]:
    of_donor = present.loc[donor].mean(axis=0) >= DONOR_PRESENT
    of_baseline = present.loc[before].any(axis=0)
    given, own = of_donor & ~of_baseline, of_baseline & ~present.loc[donor].any(axis=0)
    unseen = ~present.loc[donor].any(axis=0) & ~of_baseline
    n = int(given.sum())
    k = present.loc[after.index, given].sum(axis=1).to_numpy()
    low, high = wilson(k, np.full(len(k), n))
    chance = float(present.loc[strangers, given].mean(axis=1).mean()) if strangers and n else np.nan
    found = pd.DataFrame(
        {
            "recipient": recipient,
            "day": after,
            "donor_features": n,
            "engrafted": k / n if n else np.nan,
            "low": low,
            "high": high,
            "chance": chance,
            "engrafted_abundance": abundance.loc[after.index, given].sum(axis=1),
            "persisting": present.loc[after.index, own].mean(axis=1) if own.any() else np.nan,
            "unseen_abundance": abundance.loc[after.index, unseen].sum(axis=1),
        },
        index=after.index,
    )
    arrived = present.loc[after.index[-1]].astype(float).where(given)
    return found, arrived


def _by_feature(last: Mapping[str, pd.Series]) -> pd.DataFrame:
    if not last:
        return pd.DataFrame(columns=["offered_to", "engrafted_in", "share", "low", "high"])
    table = pd.DataFrame(last)
    n, k = table.notna().sum(axis=1).to_numpy(), table.sum(axis=1).to_numpy()
    low, high = wilson(k, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = {"offered_to": n, "engrafted_in": k.astype(int), "share": k / n, "low": low, "high": high}
    found = pd.DataFrame(rows, index=table.index)
    return found[found["offered_to"] > 0].sort_values(["engrafted_in", "offered_to"], ascending=[False, True])


def _stability(part: pd.DataFrame, apart: pd.DataFrame, spread: float) -> dict[str, float]:
    days, away = part["day"].to_numpy(dtype=float), part["to_donor"].to_numpy(dtype=float)
    inside = away <= spread
    outside = np.flatnonzero(~inside)
    start = 0 if not len(outside) else int(outside[-1]) + 1
    arrived = float(days[start]) if start < len(days) and np.isfinite(spread) else np.nan
    samples = list(part.index)
    steps = [float(apart.loc[a, b]) for a, b in pairwise(samples)]
    drift = float(np.polyfit(days, away, 1)[0] * 30.0) if len(np.unique(days)) > 2 else np.nan
    back = part["to_baseline"].to_numpy(dtype=float)
    return {
        "first_day": float(days[0]),
        "last_day": float(days[-1]),
        "arrived_day": arrived,
        "drift": drift,
        "steps": float(np.mean(steps)) if steps else np.nan,
        "back": float(back[-1] / back[0]) if np.isfinite(back[0]) and back[0] > 0 else np.nan,
    }
