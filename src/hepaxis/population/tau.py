"""tau: the one scale that bounds the gut's total effect on response by human data.

Held: tau is solved so that the sd over people of the gut's log-odds of response, each closed with its own gut and
averaged over hosts, has median 0.3 over gate draws (stool alone predicts response across cohorts at AUC 0.46-0.52 and
within cohorts at most about 0.65).  It is the most consequential number of the project: ``tau.json`` carries the hash
of the model it was solved for, and a test fails when the model has moved on.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

TARGET_SD = 0.3  # median over gate draws of the sd over guts of the log-odds of response (design, principle 2)


def tau_record() -> dict[str, Any]:
    """What was solved: tau, model hash, achieved sd and quantiles, gut-only AUC, and each gate's share."""
    record: dict[str, Any] = json.loads(files("hepaxis.population").joinpath("tau.json").read_text(encoding="utf-8"))
    return record


def solved_tau() -> float:
    """The solved scale."""
    return float(tau_record()["tau"])
