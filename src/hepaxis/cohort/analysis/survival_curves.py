"""Survival curves of groups as a panel: steps, bands, medians, numbers at risk."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hepaxis.cohort.analysis.panels import Line, Panel
from hepaxis.cohort.survival import Times, survival_curve

RISK_COLUMNS = 5


def curves(id: str, title: str, times: Times, groups: Mapping[str, np.ndarray], finding: str, how: str) -> Panel:
    lines, rows, risk = [], [], {}
    end = float(times.time.max())
    marks = np.linspace(0, end, RISK_COLUMNS + 1)
    for label, member in groups.items():
        part = times.take(member)
        curve = survival_curve(part)
        lines.append(
            Line(label, [0.0, *curve.time], [1.0, *curve.survival], [1.0, *curve.low], [1.0, *curve.high], step=True)
        )
        risk[label] = [(float(t), int((part.time >= t).sum())) for t in marks]
        rows += [
            (label, t, s, lo, hi, int(n))
            for t, s, lo, hi, n in zip(curve.time, curve.survival, curve.low, curve.high, curve.at_risk, strict=True)
        ]
    table = pd.DataFrame(rows, columns=["group", "month", "survival", "low", "high", "at_risk"])
    sub = "Months from the start; " + ", ".join(f"{label} {int(m.sum())}" for label, m in groups.items()) + "."
    return Panel(
        id, "lines", title, sub, finding, how, table, lines=lines, x_label="months", y_label="share", at_risk=risk
    )


def medians(times: Times, groups: Mapping[str, np.ndarray]) -> str:
    words = []
    for label, member in groups.items():
        middle, low, high = survival_curve(times.take(member)).median()
        inside = f" ({low:.1f} to {_end(high)})" if np.isfinite(middle) else ""
        words.append(f"{label} {_end(middle)}{inside}")
    return "Median months: " + "; ".join(words) + "."


def _end(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "not reached"
