"""Who a trial lets in: the rows of a population that follow from an arm's region and Child-Pugh classes.

Held: `china` and `asia` are Asia without Japan, which brings its causes with it; admitted Child-Pugh points keep the
proportions that the population has among them.  ALBI and Child-Pugh go together, so a population of other classes
than its ALBI was printed for needs a name of its own (``child_pugh_b``).
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hepaxis.population.baseline import marginals
from hepaxis.population.sampling import arguments
from hepaxis.problems import InputError, Problem, error

REGIONS = {"global": "", "asia": "asia=1", "china": "asia=1", "japan": "japan=1", "west": "west=1"}


def enrolled(population: str, region: str = "global", child_pugh: Sequence[str] = ()) -> pd.DataFrame | None:
    """Rows for ``draw_population(population, rows=...)``; None where the population is as it stands.

    child_pugh: classes as 'A5' or 'B7'; empty admits all.  Raises InputError for an unknown region or class, or when
    the population has nobody in the classes.
    """
    problems: list[Problem] = []
    rows: list[dict[str, str]] = []
    if region not in REGIONS:
        problems.append(error("population.region", f"no region '{region}'", f"known are {', '.join(REGIONS)}"))
    elif REGIONS[region]:
        rows.append({"variable": "region", "distribution": "categorical", "args": REGIONS[region]})
    if child_pugh:
        rows += _admitted(population, child_pugh, problems)
    if problems:
        raise InputError(problems)
    return pd.DataFrame(rows) if rows else None


def _admitted(population: str, classes: Sequence[str], problems: list[Problem]) -> list[dict[str, str]]:
    table = marginals(population).rows
    has = arguments(str(table.loc[table["variable"] == "child_pugh", "args"].iloc[0]))
    wrong = [name for name in classes if not (name[:1] in "ABC" and name[1:].isdigit())]
    for name in wrong:
        problems.append(error("population.child_pugh", f"no Child-Pugh class '{name}'", "write A5, A6, B7 ..."))
    shares = {name[1:]: has.get(name[1:], 0.0) for name in classes if name not in wrong}
    total = sum(shares.values())
    if shares and total == 0:
        found = f"nobody of {population} has Child-Pugh {', '.join(classes)}"
        problems.append(error("population.child_pugh", found, "take a population that has"))
    if problems or not total:
        return []
    args = " ".join(f"{points}={share / total:.10g}" for points, share in shares.items() if share > 0)
    return [{"variable": "child_pugh", "distribution": "ordinal", "args": args}]
