"""Communities of responders and others: diversity, what explains distances, spread, ordination, dysbiosis ratios."""

from __future__ import annotations

import pandas as pd

from hepaxis.cohort.analysis.options import Options, baseline, several_studies
from hepaxis.cohort.analysis.panels import Cloud, Mark, Panel, Section, listed, p_words
from hepaxis.cohort.community import (
    alpha_diversity,
    compare_groups,
    dispersion,
    distances,
    dysbiosis_indices,
    permanova,
    principal_coordinates,
)
from hepaxis.cohort.record import Cohort
from hepaxis.problems import InputError

METRICS = ("bray_curtis", "jaccard", "aitchison")
SHOWN = ("richness", "shannon", "inverse_simpson", "evenness", "rarefied_richness", "rarefied_shannon", "chao1")
GROUPS = {1.0: "responders", 0.0: "others"}
DEPTH_QUANTILE = 0.1
DISPERSION_PERMUTATIONS = 199


def diversity(cohort: Cohort, seed: int) -> pd.DataFrame:
    """samples x measures; rarefied to the depth that nine samples in ten have, where counts are there."""
    depth = None
    if cohort.counts is not None:
        depth = max(int(cohort.counts.sum(axis=1).quantile(DEPTH_QUANTILE)), 1)
    found = alpha_diversity(cohort.abundance, cohort.counts, depth=depth, seed=seed)
    return found[[name for name in SHOWN if name in found]]


def community_section(cohort: Cohort, options: Options, alpha: pd.DataFrame) -> Section:
    known = cohort.with_response()
    group = known.response.map(GROUPS)
    left: list[str] = []
    ratios = dysbiosis_indices(known.abundance, known.lineages).xs("log10", axis=1, level="part")
    ratios = pd.DataFrame(ratios).dropna(axis="columns", how="all")
    panels = [
        _compared("diversity", "Diversity within a sample", alpha.loc[known.abundance.index], group, known, left),
        _compared("dysbiosis", "Dysbiosis ratios used in liver disease", ratios, group, known, left),
    ]
    panels += _distances(known, group, options, left)
    lead = (
        "Samples of one person are one unit; studies are strata. A share of variance of one or two per cent is what "
        "cohorts of this kind find; large ones come from batch."
    )
    return Section("community", "Community", lead, [p for p in panels if p is not None], tuple(left))


def _compared(
    id: str, title: str, measures: pd.DataFrame, group: pd.Series, cohort: Cohort, left: list[str]
) -> Panel | None:
    if measures.empty:
        left.append(f"{title.lower()}: not measurable in this table")
        return None
    strata = cohort.study if several_studies(cohort) else None
    try:
        found = compare_groups(measures, group, strata=strata, subject=cohort.subject)
    except InputError as fault:
        left.append(f"{title.lower()}: {fault}")
        return None
    found = found[found["auc"].notna()]
    marks = [
        Mark(
            str(name).replace("_", " "),
            float(row["auc"]),
            float(row["auc_low"]),
            float(row["auc_high"]),
            f"{row['auc']:.2f} ({row['auc_low']:.2f} to {row['auc_high']:.2f}), q {row['q']:.2g}",
        )
        for name, row in found.iterrows()
    ]
    clear = [str(name).replace("_", " ") for name, row in found.iterrows() if row["q"] < 0.05]
    finding = f"{listed(clear).capitalize()} differ" if clear else "No measure differs beyond chance"
    return Panel(
        id,
        "forest",
        title,
        "Chance that a responder has the larger value than another patient; 0.5 is no difference.",
        f"{finding} (q < 0.05, {len(found)} compared).",
        f"{found['test'].iloc[0] if len(found) else ''}; intervals after Newcombe; q: Benjamini-Hochberg.",
        found.reset_index(names="measure"),
        marks=marks,
        reference=0.5,
    )


def _distances(cohort: Cohort, group: pd.Series, options: Options, left: list[str]) -> list[Panel]:
    covariates = baseline(cohort, options)
    usable = [str(c) for c in covariates.columns if covariates[c].notna().mean() > 0.8 and _varies(covariates[c])]
    data = covariates[usable].assign(response=group)
    strata = cohort.study if several_studies(cohort) else None
    metrics = [*METRICS, *(["weighted_unifrac", "unweighted_unifrac"] if options.tree else [])]
    rows, spread, shown = [], [], None
    for metric in metrics:
        try:
            found = distances(cohort.abundance, metric, tree=options.tree)
            terms = ["response", *usable]
            test = permanova(
                found,
                data,
                terms,
                strata=strata,
                subject=cohort.subject,
                permutations=options.permutations,
                seed=options.seed,
            )
            wide = dispersion(found, group, strata=strata, permutations=DISPERSION_PERMUTATIONS, seed=options.seed)
        except InputError as fault:
            left.append(f"{metric.replace('_', '-')}: " + "; ".join(p.found for p in fault.problems))
            continue
        table = test.table.reset_index(names="term") if test.table.index.name is None else test.table.reset_index()
        rows.append(table.rename(columns={table.columns[0]: "term"}).assign(metric=metric, n=test.n, unit=test.unit))
        spread.append((metric, wide.F, wide.p))
        shown = found if metric == "bray_curtis" else shown
    if not rows:
        return []
    whole = pd.concat(rows, ignore_index=True)
    of = whole[whole["term"] == "response"].set_index("metric")
    words = [f"{100 * r['R2']:.1f}% of {str(m).replace('_', '-')} ({p_words(r['p'])})" for m, r in of.iterrows()]
    panels = [
        Panel(
            "permanova",
            "table",
            "What explains the distances between communities",
            f"PERMANOVA, each term after all others{' within studies' if strata is not None else ''}; "
            f"{options.permutations} permutations, seed {options.seed}.",
            f"Response explains {listed(words)}.",
            "R2: share of the sum of squared distances. Spread of the groups about their centres (all axes): "
            + "; ".join(f"{m.replace('_', '-')} F {f:.2f}, {p_words(p)}" for m, f, p in spread)
            + ". Where spreads differ, a small P may be spread rather than place.",
            whole[["metric", "term", "df", "R2", "F", "p", "n", "unit"]],
        )
    ]
    if shown is not None:
        axes = principal_coordinates(shown)
        scores = axes.scores.iloc[:, :2]
        clouds = [
            Cloud(name, scores.loc[group == name].iloc[:, 0].tolist(), scores.loc[group == name].iloc[:, 1].tolist())
            for name in GROUPS.values()
        ]
        table = scores.set_axis(["axis_1", "axis_2"], axis=1).assign(group=group, study=cohort.study)
        panels.append(
            Panel(
                "ordination",
                "clouds",
                "Communities by principal coordinates",
                f"Bray-Curtis, {len(scores)} samples; axes show {100 * axes.share[0]:.0f} and "
                f"{100 * axes.share[1]:.0f}% of the positive inertia.",
                "Two axes are a view, not a test.",
                "Each point is a sample; near ones hold alike communities.",
                table.reset_index(names="sample"),
                clouds=clouds,
                x_label="first axis",
                y_label="second axis",
            )
        )
    return panels


def _varies(column: pd.Series) -> bool:
    return len(set(column.dropna())) > 1
