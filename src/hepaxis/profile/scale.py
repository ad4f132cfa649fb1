"""Counts, percent or fractions: told per sample from its total, and every total that makes no sense is named.

Bounds after ../shared/reference/microbiome.md 1.4: a percent row above 101 is a fault of the file; one of
2,070,197 is no percentage at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepaxis.problems import warning
from hepaxis.profile.record import Step

if TYPE_CHECKING:
    from hepaxis.profile.assemble import Draft

FRACTION_TOP = 1.01
"""Largest total of a sample in fractions; rounding of a few thousand rows at 5 digits stays below."""

PERCENT_TOP = 101.0
"""Largest total of a sample in percent (same source as the module)."""

ABSURD_TOTAL = 1000.0
"""A percent sample adding up to ten times the whole cannot be mended by dividing.  A choice."""

MAJORITY = 0.8
"""Share of samples on one scale above which the others are faults, below which the file mixes scales.  A choice."""

COUNTS, PERCENT, FRACTION, AMOUNT, EMPTY = "counts", "0-100", "0-1", "amounts", "empty"


@dataclass(frozen=True)
class Scale:
    """kinds and totals per sample (totals without the unknown part); main: the scale most samples are on."""

    kinds: np.ndarray
    totals: np.ndarray
    identified: np.ndarray
    main: str
    share: float

    def whole(self, unknown: np.ndarray) -> np.ndarray:
        """What the unknown part is a part of: 100, 1, or identified + unknown."""
        whole = self.identified + unknown
        return np.where(whole > 0, whole, 1.0)


def find(table: np.ndarray, unknown: np.ndarray | None) -> Scale:
    """samples x taxa -> the scale of each sample."""
    identified = table.sum(axis=1)
    totals = identified if unknown is None else identified + unknown
    whole_numbers = np.all(table == np.floor(table), axis=1)
    kinds = np.full(len(totals), AMOUNT, dtype=object)
    kinds[totals <= PERCENT_TOP] = PERCENT
    kinds[totals <= FRACTION_TOP] = FRACTION
    kinds[whole_numbers & (totals > PERCENT_TOP)] = COUNTS
    kinds[identified <= 0] = EMPTY
    filled = kinds[kinds != EMPTY]
    if not len(filled):
        return Scale(kinds, totals, identified, EMPTY, 1.0)
    labels, counts = np.unique(filled.astype(str), return_counts=True)
    main = str(labels[np.argmax(counts)])
    # whole-number samples of low depth sit beside true counts; percent samples with little identified beside percent
    if main == COUNTS:
        kinds[whole_numbers & (kinds != EMPTY)] = COUNTS
    if main == PERCENT and unknown is None:
        kinds[kinds == FRACTION] = np.where(identified[kinds == FRACTION] > 0.99, FRACTION, PERCENT)
    filled = kinds[kinds != EMPTY]
    return Scale(kinds, totals, identified, main, float(np.mean(filled == main)))


def report(draft: Draft, samples: list[str], scale: Scale, kept: np.ndarray) -> np.ndarray:
    """Say the scale, name samples whose total is empty, too high or absurd; returns which samples are usable."""
    usable = kept.copy()
    empty = (scale.kinds == EMPTY) & kept
    if empty.any():
        usable &= ~empty
        draft.problems.append(
            warning(
                "profile.empty_sample",
                f"{int(empty.sum())} samples have no identified taxon and were left out ({_named(samples, empty)})",
                "check that profiling of these samples succeeded",
                file=draft.file,
            )
        )
    if scale.main == EMPTY:
        return usable
    filled = kept & (scale.kinds != EMPTY)
    totals = scale.totals[filled] if filled.any() else np.array([np.nan])
    relative = scale.main in (PERCENT, FRACTION)
    if scale.share < MAJORITY:
        kinds, counts = np.unique(scale.kinds[filled].astype(str), return_counts=True)
        mix = ", ".join(f"{n} {k}" for k, n in zip(kinds, counts, strict=True))
        draft.log.append(Step(f"Scales are mixed: {mix}. Each sample was scaled on its own.", "profile.scale_mixed"))
        draft.problems.append(
            warning(
                "profile.scale_mixed",
                f"samples are on different scales ({mix}); each was scaled on its own",
                "check whether two tables were joined",
                file=draft.file,
            )
        )
    else:
        what = f"{scale.main} (sample totals {totals.min():.4g} to {totals.max():.4g})"
        draft.log.append(
            Step(
                f"Scale found: {what}.",
                "profile.scale",
                {"lowest_total": float(totals.min()), "highest_total": float(totals.max())},
            )
        )
    if relative:
        absurd = filled & (scale.totals > ABSURD_TOTAL) & (scale.share >= MAJORITY)
        high = filled & (scale.totals > (PERCENT_TOP if scale.main == PERCENT else FRACTION_TOP)) & ~absurd
        if scale.share < MAJORITY:
            high &= scale.kinds == AMOUNT
        if absurd.any():
            usable &= ~absurd
            draft.problems.append(
                warning(
                    "profile.absurd_total",
                    f"{int(absurd.sum())} samples add up to more than {ABSURD_TOTAL:,.0f} in a table of {scale.main} "
                    f"and were left out ({_named(samples, absurd, scale.totals)})",
                    "these rows are damaged; take them from the profiler's own output",
                    file=draft.file,
                )
            )
        if high.any():
            draft.problems.append(
                warning(
                    "profile.total_above_whole",
                    f"{int(high.sum())} samples add up to more than the whole ({_named(samples, high, scale.totals)})",
                    "taxa may be listed twice or ranks mixed; shares of these samples are uncertain",
                    file=draft.file,
                )
            )
    elif scale.main == AMOUNT:
        draft.problems.append(
            warning(
                "profile.scale_unclear",
                f"sample totals ({totals.min():.4g} to {totals.max():.4g}) are neither counts, percent nor fractions",
                "shares were taken of each sample's own total; check that the file is an abundance table",
                file=draft.file,
            )
        )
    return usable


def _named(samples: list[str], which: np.ndarray, totals: np.ndarray | None = None, shown: int = 5) -> str:
    at = np.flatnonzero(which)
    if totals is not None:
        at = at[np.argsort(-totals[at], kind="stable")]
    names = [samples[i] if totals is None else f"{samples[i]}: {totals[i]:,.1f}" for i in at[:shown]]
    return ", ".join(names) + (f" and {len(at) - shown} more" if len(at) > shown else "")
