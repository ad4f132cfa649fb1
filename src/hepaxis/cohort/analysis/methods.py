"""The methods paragraph, the versions behind it, and what the run can answer of a reporting checklist.

Held: every sentence follows from what was done with these data and these options; what was left out of the run is not
in the paragraph.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from hepaxis import __version__
from hepaxis.cohort.analysis.exposure_panels import NAMES
from hepaxis.cohort.analysis.options import Options, baseline, several_studies
from hepaxis.cohort.analysis.panels import listed
from hepaxis.cohort.prediction import Evaluation
from hepaxis.cohort.record import Cohort

PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-bio", "statsmodels", "lifelines")


def versions() -> dict[str, str]:
    """Package -> version of what a run rests on."""
    found = {"hepaxis": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def methods_paragraph(cohort: Cohort, options: Options, sections: Sequence[str], found: Evaluation | None) -> str:
    """Ready to paste; ``sections``: ids of those that hold a panel."""
    people, samples = len(set(cohort.subject)), len(cohort.abundance)
    studies = len(set(cohort.study))
    words = [
        f"We analysed {samples} stool samples of {people} people from {studies} stud{'y' if studies == 1 else 'ies'} "
        f"({listed(sorted(set(cohort.profiler)))}; {len(cohort.taxa)} taxa) with hepaxis {__version__}; "
        f"{cohort.definition.sentence()}."
    ]
    adjust = [str(c) for c in baseline(cohort, options).columns]
    if "community" in sections:
        words.append(
            "Diversity and dysbiosis ratios were compared by rank tests (van Elteren's within studies), samples of one "
            "person averaged; distances by PERMANOVA with marginal tests"
            + (f" adjusted for {listed(adjust)}" if adjust else "")
            + (", permuting within studies," if several_studies(cohort) else "")
            + f" and {options.permutations} permutations, with all-axes dispersion beside it."
        )
    if "differences" in sections:
        words.append(
            "Taxa were tested by linear models on log shares and on bias-corrected centred log-ratios and by presence, "
            "with false discovery controlled by Benjamini-Hochberg; studies were pooled by random-effects "
            "meta-analysis."
        )
    if "survival" in sections:
        words.append(
            "Survival was analysed by Kaplan-Meier curves, log-rank tests and Cox regression (Efron) after merging "
            "near-tied times; proportional hazards were tested for every ratio, restricted means are given beside it, "
            "and exposures were adjusted for and weighted by the propensity"
            + (f" given {listed(adjust)}" if adjust else "")
            + ", with E-values for what was not recorded."
        )
    if found is not None:
        words.append(
            f"Response was predicted by ridge regression on presence of taxa (named beforehand), beside other learners "
            f"and baselines, by {found.scheme} with every choice made inside the fold; P values are from "
            f"{found.permutations} permutations of labels within cohorts (and folds)."
        )
    if "mechanism" in sections:
        words.append(
            "Communities were read by the hepaxis model in one typical host; its score was fitted to none "
            "of these data."
        )
    words.append(f"Seed {options.seed}.")
    return " ".join(words)


def checklist_answers(cohort: Cohort, options: Options, methods: str, found: Evaluation | None) -> dict[str, str]:
    """Answers to topics of ``storms.csv`` that the run knows."""
    people, samples = len(set(cohort.subject)), len(cohort.abundance)
    known = int(cohort.response.notna().sum())
    repeats = samples - people
    exposures = [NAMES[name] for name in NAMES if name in cohort.clinical]
    reads = cohort.reads.dropna()
    answers = {
        "sample_size": f"{samples} samples of {people} people; response known for {known} samples",
        "repeats": f"{repeats} repeated samples; a person is one unit" if repeats else "one sample a person",
        "definition": cohort.definition.sentence(),
        "batch": "studies are strata or random effects; nothing was corrected for batch and then tested",
        "confounding": "adjustment, propensity weights, E-values; associations of exposures are not called effects",
        "profiler": listed(sorted(set(cohort.profiler))),
        "methods": methods,
        "missing": (
            "complete cases for covariates, counted; medians within the fold for predictions; nothing else is filled in"
        ),
        "sensitivity": "response by the other definitions; several learners and distances; exposures told several ways",
        "threshold": "95% intervals; q < 0.05 (Benjamini-Hochberg) within a family of tests",
        "versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
        "reproducible": f"seed {options.seed}; cohort.json and one table a figure hold all results",
        "table_one": "cohort table, responders beside the others",
        "panels": "effect sizes with 95% intervals in every figure, numbers in data/",
        "quality": f"{len(cohort.problems)} findings of the data check are listed first",
        "columns": f"clinical table with {cohort.clinical.shape[1]} columns",
    }
    if exposures:
        answers["exposures"] = f"recorded: {listed(exposures)}"
    if len(reads):
        answers["reads"] = f"median {reads.median():.0f} reads a sample ({reads.min():.0f} to {reads.max():.0f})"
    for name in ("platform", "extraction"):
        if name in cohort.clinical:
            answers[name] = listed(sorted(set(cohort.clinical[name].dropna().astype(str))))
    if any("reagent" in p.found for p in cohort.problems):
        answers["contaminants"] = "genera known from reagents were looked for and are named in the data check"
    return answers
