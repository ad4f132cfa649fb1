"""Power and false discoveries of the project's linear models beside ANCOM-BC2 on made studies with planted effects.

``python -m benchmarks.cohort_power`` prints one table: 60 patients, 120 features of which 12 change, 40 studies a row.
``one way``: all planted features rise, which shifts the whole composition; ``both ways``: signs are mixed.
``finding`` is what a report calls one: ``centred`` below the level, ``log`` of its sign, ``presence`` not against.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.cohort.differences import FeatureTable, differential

PATIENTS, FEATURES, CHANGED, ROUNDS, LEVEL = 60, 120, 12, 40, 0.05
METHODS = ("log", "centred", "presence", "ancombc2")
SHOWN = (*METHODS, "finding")


def study(effect: float, one_way: bool, sparse: bool, seed: int) -> pd.DataFrame:
    """Discoveries of one made study: method, false share, power."""
    rng = np.random.default_rng([seed, int(one_way), int(sparse)])
    group = np.arange(PATIENTS) % 2 == 0
    logs = np.tile(rng.normal(0.0, 2.5 if sparse else 1.2, FEATURES), (PATIENTS, 1))
    changed = rng.choice(FEATURES, CHANGED, replace=False)
    signs = np.ones(CHANGED) if one_way else rng.choice([-1.0, 1.0], CHANGED)
    logs[:, changed] += np.outer(group, effect * signs)
    amounts = np.exp(logs + rng.normal(size=logs.shape))
    depth = rng.integers(2_000 if sparse else 8_000, 40_000, PATIENTS)
    rows = [rng.multinomial(int(d), row / row.sum()) for d, row in zip(depth, amounts, strict=True)]
    counts = pd.DataFrame(np.array(rows, dtype=float), index=[f"S{k}" for k in range(PATIENTS)])
    counts.columns = [f"f{k}" for k in range(FEATURES)]
    table = FeatureTable(counts.div(counts.sum(axis=1), axis=0), counts, "taxa", True)
    data = pd.DataFrame({"group": np.where(group, "r", "n")}, index=counts.index)
    found = differential(table, data, "group", methods=METHODS)
    planted = {f"f{k}" for k in changed}
    out = []
    for method in METHODS:
        rows_of = found.of(method).droplevel("contrast")
        called = set(rows_of.index[rows_of["q"] < LEVEL])
        out.append((method, len(called - planted) / max(len(called), 1), len(called & planted) / CHANGED))
    agreed = found.agreement.droplevel("contrast")
    called = set(agreed.index[agreed["finding"]])
    out.append(("finding", len(called - planted) / max(len(called), 1), len(called & planted) / CHANGED))
    return pd.DataFrame(out, columns=["method", "false", "power"])


def main() -> None:
    parts = []
    for sparse in (False, True):
        for one_way in (False, True):
            for effect in (0.5, 1.0, 1.5, 2.0):
                runs = pd.concat([study(effect, one_way, sparse, k) for k in range(ROUNDS)])
                mean = runs.groupby("method")[["false", "power"]].mean().stack().rename(effect)  # noqa: PD013
                parts.append(mean.to_frame().T.assign(table="sparse" if sparse else "dense", signs=one_way))
    found = pd.concat(parts)
    print("| table | planted | effect (log) | " + " | ".join(f"{m} FDR | {m} power" for m in SHOWN) + " |")
    print("|---|---|---|" + "---|---|" * len(SHOWN))
    for effect, row in found.iterrows():
        cells = [f"{row[m, 'false']:.2f} | {row[m, 'power']:.2f}" for m in SHOWN]
        way = "one way" if row[("signs", "")] else "both ways"
        print(f"| {row[('table', '')]} | {way} | {effect} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
