"""The model beside the cohort: what real communities would make, and which claims would have to act."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.cohort.analysis.panels import Mark, Panel, Section
from hepaxis.cohort.community import compare_groups
from hepaxis.cohort.mechanism import RestFeatures, gates_for
from hepaxis.cohort.record import Cohort
from hepaxis.problems import InputError

MOST_GATES = 12
LEAST_DIFFERENCE = 0.02  # log volume; below it the model sees no difference worth splitting


def mechanism_section(cohort: Cohort, rest: RestFeatures, profiler: str) -> Section:
    known = cohort.with_response()
    index = known.abundance.index
    group = known.response.map({1.0: "responders", 0.0: "others"})
    lead = (
        "Each community in the same typical host, every claim of the model at its prior mean. The model was fitted to "
        "none of these data; how well its score predicts response stands with the other predictors."
    )
    left = [f"{rest.failed} samples that the model could not hold at rest"] if rest.failed else []
    panels = []
    table = rest.features.loc[index].assign(**{"mechanistic score": rest.score.loc[index]})
    several = len(set(known.study)) > 1
    try:
        found = compare_groups(table, group, strata=known.study if several else None, subject=known.subject)
        panels.append(_features(found))
    except InputError as fault:
        left.append(f"features at rest: {fault}")
    y = known.response.to_numpy(float)
    try:
        shares = gates_for(rest.guilds.loc[index], y == 1, y == 0, profiler)
    except ValueError as fault:
        return Section("mechanism", "The model’s reading", lead, panels, (*left, f"gates: {fault}"))
    shown = shares.table.head(MOST_GATES)
    sign = "more" if shares.difference > 0 else "less"
    size = abs(float(np.expm1(shares.difference)))
    finding = (
        f"The model expects the responders’ typical community to shrink a tumour {sign} (relative volume differs by "
        f"{size:.0%} after half a year)"
    )
    if abs(shares.difference) < LEAST_DIFFERENCE:
        finding = "The model sees next to no difference between the typical communities"
    marks = [
        Mark(
            f"{r['claim']} ({r['grade']})",
            float(r["carries"]),
            float(r["carries"]),
            float(r["carries"]),
            f"{r['carries']:+.3f}",
        )
        for _, r in shown.iterrows()
    ]
    panels.append(
        Panel(
            "gates",
            "forest",
            "Claims that would have to act",
            "Part of the predicted difference (log volume) that is lost without each claim.",
            finding + ".",
            "Claims interact, so parts need not add up. Grades: how near to people the evidence is. A part "
            "says what the "
            "model rests on here, not that it is true.",
            shares.table,
            marks=marks,
            reference=0.0,
        )
    )
    return Section("mechanism", "The model’s reading", lead, panels, tuple(left))


def _features(found: pd.DataFrame) -> Panel:
    rows = found[found["auc"].notna()]
    marks = [
        Mark(
            str(name),
            float(r["auc"]),
            float(r["auc_low"]),
            float(r["auc_high"]),
            f"{r['auc']:.2f} ({r['auc_low']:.2f} to {r['auc_high']:.2f}), q {r['q']:.2g}",
        )
        for name, r in rows.iterrows()
    ]
    clear = [m.label for m in marks if m.low > 0.5 or m.high < 0.5]
    return Panel(
        "rest_features",
        "forest",
        "What the communities would make, by the model",
        "Chance that a responder has the larger value; 0.5 is no difference.",
        f"{len(clear)} of {len(marks)} predicted features have an interval that leaves 0.5.",
        "Guild shares are each sample’s own; traits, load and host are typical ones.",
        rows.reset_index(names="feature"),
        marks=marks,
        reference=0.5,
    )
