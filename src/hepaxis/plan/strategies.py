"""Strategies with their estimates: outcomes, changes against the base regimen, chance of best, expected regret.

Held: those computed finely are compared on all virtual patients and ranked by median change of response; another
regimen that was only looked at in the wide stage is estimated on that stage's people and says so.  Blocked ones keep
their place at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepaxis.plan.catalogue import BURDENS, Candidate
from hepaxis.plan.estimates import Cross, chance_of_best, change, expected_regret, positive, probability
from hepaxis.plan.mechanism import tested
from hepaxis.plan.schema import Outcomes, Strategy
from hepaxis.plan.simulation import Simulated
from hepaxis.plan.standing import burden_of
from hepaxis.trial import DAYS_PER_MONTH, median_event_free

CEILING = ("s_butyrate_barrier", "s_udca_cd8", "s_akkermansia_il12", "s_acetate_ilc3", "s_sting_ifn1")
GAIN_AT_CEILING = 0.9  # |s| of a gate beyond which an intervention lies at its ceiling (gates saturate at 1)
DEEP, WIDE = "deep", "wide"


@dataclass(frozen=True)
class Compared:
    """Runs of some candidates on the same virtual patients, the base among them."""

    base: Simulated
    runs: Mapping[str, Simulated]
    cross: Cross


def strategies(
    offered: Sequence[Candidate], deep: Compared, seed: int, wide: Compared | None = None
) -> tuple[Strategy, ...]:
    """Candidates with outcomes, the base first, then by rank, then what was not computed."""
    shown = [one for one in offered if one.id in deep.runs]
    per_draw = np.array([deep.cross.by_draw(deep.runs[one.id].endpoints.response) for one in shown])
    gains = [deep.runs[one.id].endpoints.response - deep.base.endpoints.response for one in shown]
    errors = np.array([deep.cross.host_error(gain) for gain in gains])
    ids, own = [one.id for one in shown], deep.cross.draw_weights
    chance = dict(zip(ids, chance_of_best(per_draw, errors, seed, own), strict=True))
    regret = dict(zip(ids, expected_regret(per_draw, errors, seed, own), strict=True))
    made = []
    for one in offered:
        where = deep if one.id in deep.runs else wide
        if where is None or one.id not in where.runs:
            made.append(_plain(one))
            continue
        estimated = _estimated(one, where, base=one is offered[0])
        if where is deep:
            made.append(replace(estimated, p_best=float(chance[one.id]), regret=float(regret[one.id])))
        else:
            made.append(replace(estimated, stage=WIDE, n_patients=len(where.cross.ok)))
    return ranked(made)


def ranked(made: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """The base first, then by median change of response, then what has none."""
    changed = sorted((s for s in made[1:] if s.change_response is not None), key=lambda s: -_median(s))
    places = {s.id: k for k, s in enumerate(changed, start=1)}
    rest = (s for s in made[1:] if s.change_response is None)
    return (made[0], *(replace(s, rank=places[s.id]) for s in changed), *rest)


def largest(made: Sequence[Strategy]) -> Strategy | None:
    """The add-on with the largest median change among those computed finely."""
    kept = (s for s in made[1:] if s.change_response is not None and s.kind not in ("base", "regimen"))
    return next((s for s in kept if s.stage == DEEP), None)


def _median(strategy: Strategy) -> float:
    return strategy.change_response.median if strategy.change_response else 0.0


def _plain(one: Candidate) -> Strategy:
    return Strategy(
        id=one.id,
        label=one.label,
        components=one.components,
        status=one.status,
        rank=None,
        schedule=one.schedule,
        mechanism=one.mechanism,
        evidence=one.evidence,
        safety=one.safety,
        trials=one.trials,
        kind=one.kind,
        changed=one.changed,
        burden=BURDENS[burden_of(one.components)],
        burden_note=one.burden,
    )


def _estimated(one: Candidate, where: Compared, *, base: bool) -> Strategy:
    run, cross, plain = where.runs[one.id], where.cross, where.base.endpoints
    got = run.endpoints
    return replace(
        _plain(one),
        outcomes=outcomes(run, cross),
        change_response=None if base else change(cross, plain.response, got.response),
        change_durable=None if base else change(cross, plain.durable, got.durable),
        change_severe=None if base else change(cross, plain.severe_immune, got.severe_immune),
        at_ceiling=_at_ceiling(run, where.base, cross),
        tested="" if base else tested(one.components, where.base, run, cross),
    )


def outcomes(run: Simulated, cross: Cross) -> Outcomes:
    """What a trial would read, with intervals."""
    got = run.endpoints
    horizon = run.run.days[-1] / DAYS_PER_MONTH
    months = [
        median_event_free(got.scans, got.event_free[cross.ok & (cross.draw == g)]) / DAYS_PER_MONTH
        for g in range(int(cross.draw.max()) + 1)
    ]
    return Outcomes(
        objective_response=probability(cross, got.response),
        durable_response=probability(cross, got.durable),
        disease_control_6m=probability(cross, got.control_6m),
        pfs_months=positive(cross, np.array(months), horizon),
        severe_immune_event=probability(cross, got.severe_immune),
    )


def _at_ceiling(run: Simulated, base: Simulated, cross: Cross) -> bool:
    """Whether a gate saturates under this strategy that did not under the base regimen."""
    for name in CEILING:
        mine = np.nanmedian(np.abs(run.run.values[name][cross.ok]))
        theirs = np.nanmedian(np.abs(base.run.values[name][cross.ok]))
        if mine > GAIN_AT_CEILING >= theirs:
            return True
    return False
