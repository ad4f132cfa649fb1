"""Which measurements constrain which parameters: linear-Gaussian information at one patient.

Held: with S the derivatives of log outputs in units of their measurement error, by parameters in units of their prior
sd, the posterior of the parameters is (I + S'S)^-1.  A singular value above 1 is a direction that the data know better
than the prior does.  The collinearity index of a set of parameters is 1/sqrt(smallest eigenvalue of the normalised
S'S); above 10 to 15 they cannot be told apart (10.1029/2000WR900350).
Assumed: errors independent; the model linear over the prior, so what is said to be constrained may be less so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

STRONGEST = 10  # parameters of the collinearity index of a set of outputs


@dataclass(frozen=True)
class Information:
    """What a set of measurements knows.

    singular      (m,) singular values of the scaled sensitivities, falling
    directions    how many exceed 1
    bits          information gained over the prior, bits
    posterior     (p,) posterior sd / prior sd of each parameter
    strongest     names of the parameters that move the outputs most, with their collinearity index ``collinearity``
    pairs         rows first, second, collinearity: pairs of the strongest that can least be told apart
    """

    singular: np.ndarray
    directions: int
    bits: float
    posterior: pd.Series
    strongest: tuple[str, ...]
    collinearity: float
    pairs: pd.DataFrame


def information(scaled: np.ndarray, parameters: Sequence[str]) -> Information:
    """scaled (outputs, parameters): d ln output / error, by d parameter / prior sd."""
    _, singular, right = np.linalg.svd(scaled, full_matrices=False)
    # 1 - sum v^2 d^2/(1 + d^2) loses digits where almost nothing is left, which no measurement here reaches
    kept = 1.0 - ((singular**2 / (1 + singular**2))[:, None] * right**2).sum(axis=0)
    size = np.linalg.norm(scaled, axis=0)
    top = [int(i) for i in np.argsort(-size, kind="stable")[:STRONGEST] if size[i] > 0]
    pairs = [
        (parameters[i], parameters[j], collinearity(scaled[:, [i, j]]))
        for position, i in enumerate(top)
        for j in top[position + 1 :]
    ]
    table = pd.DataFrame(pairs, columns=["first", "second", "collinearity"])
    return Information(
        singular=singular,
        directions=int((singular > 1).sum()),
        bits=float(0.5 * np.log2(1 + singular**2).sum()),
        posterior=pd.Series(np.sqrt(np.clip(kept, 0.0, 1.0)), index=list(parameters)),
        strongest=tuple(parameters[i] for i in top),
        collinearity=collinearity(scaled[:, top]),
        pairs=table.sort_values("collinearity", ascending=False, kind="stable", ignore_index=True),
    )


def collinearity(columns: np.ndarray) -> float:
    """1/sqrt(smallest eigenvalue) of the normalised columns; inf where one can be made up for by the others."""
    size = np.linalg.norm(columns, axis=0)
    if columns.shape[1] < 2:
        return 1.0
    if columns.shape[1] > columns.shape[0] or (size == 0).any():
        return float("inf")
    least = float(np.linalg.svd(columns / size, compute_uv=False)[-1])
    return 1.0 / least if least > 1e-8 else float("inf")
