"""Time and memory of the statistics of a cohort of 500 patients and 1,800 species in five studies (made, not real).

``python -m benchmarks.cohort`` prints the seconds of CPU and of the clock of each part and the peak memory.  The bars:
the whole under 60 s on two cores, PERMANOVA with 999 permutations on 500 samples under 5 s, under 2 GB.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import cohort
from hepaxis.cohort import community, differences

PATIENTS, SPECIES, STUDIES = 500, 1800, 5


def made(folder: Path, seed: int = 1) -> cohort.Cohort:
    """A cohort written to files and joined from them."""
    rng = np.random.default_rng(seed)
    response = rng.random(PATIENTS) < 0.4
    logs = rng.normal(0, 2, SPECIES) + rng.normal(size=(PATIENTS, SPECIES))
    logs[:, :60] += np.outer(response, np.ones(60))
    shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    depth = rng.integers(20_000, 80_000, PATIENTS)
    counts = np.stack([rng.multinomial(int(d), row) for d, row in zip(depth, shares, strict=True)])
    samples = [f"P{k:04d}" for k in range(PATIENTS)]
    genera = ["Bacteroides", "Roseburia", "Blautia", "Escherichia", "Veillonella", "Bifidobacterium"]
    species = pd.Index([f"{genera[k % 6]}_made{k}" for k in range(SPECIES)], name="species")
    pd.DataFrame(counts.T, index=species, columns=samples).to_csv(folder / "profile.tsv", sep="\t")
    clinical = pd.DataFrame(
        {
            "sample_id": samples,
            "RECIST": np.where(response, "PR", "PD"),
            "study": [f"study{k % STUDIES}" for k in range(PATIENTS)],
            "age": rng.integers(40, 85, PATIENTS),
            "sex": rng.choice(["female", "male"], PATIENTS),
            "ECOG": rng.integers(0, 3, PATIENTS),
        }
    )
    clinical.to_csv(folder / "clinical.csv", index=False)
    return cohort.join(folder / "profile.tsv", folder / "clinical.csv", response="ORR")


def main() -> None:
    start, total = time.perf_counter(), time.process_time()

    def timed(name: str, work: Callable[[], Any]) -> Any:
        clock, cpu = time.perf_counter(), time.process_time()
        found = work()
        print(f"{name:34s} {time.perf_counter() - clock:6.1f} s  {time.process_time() - cpu:6.1f} s CPU")
        return found

    with tempfile.TemporaryDirectory() as folder:
        joined = timed("write, read and join", lambda: made(Path(folder)))
    data = joined.clinical.assign(response=joined.response, study=joined.study)
    timed(
        "alpha diversity at one depth", lambda: community.alpha_diversity(joined.abundance, joined.counts, depth=10_000)
    )
    timed("dysbiosis ratios", lambda: community.dysbiosis_indices(joined.abundance, joined.lineages))
    terms = ["response", "age", "sex", "ecog"]
    for metric in ("bray_curtis", "jaccard", "aitchison"):
        found = timed(f"distances: {metric}", lambda metric=metric: community.distances(joined.abundance, metric))
        timed(
            "  PERMANOVA, 4 terms, strata, 999",
            lambda found=found: community.permanova(found, data, terms, strata=joined.study.rename("study")),
        )
        timed("  dispersion", lambda found=found: community.dispersion(found, data["response"]))
        timed("  anosim", lambda found=found: community.anosim(found, data["response"]))
        timed("  ordination", lambda found=found: community.principal_coordinates(found))
    timed(
        "differences, 5 methods, 5 studies",
        lambda: differences.cohort_differences(joined, covariates=["age", "sex"]),
    )
    guilds = differences.features(joined, "guilds")
    timed("differences of guilds", lambda: differences.cohort_differences(joined, guilds, covariates=["age", "sex"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"all: {time.perf_counter() - start:.1f} s, {time.process_time() - total:.1f} s CPU, peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
