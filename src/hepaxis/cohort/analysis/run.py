"""The whole analysis of a cohort: joined, checked, described, compared, predicted, and written as one document.

Held: the document (``cohort.json``) holds every number that a report shows; sections that cannot be had say why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import STATEMENT, __version__
from hepaxis.cohort.analysis.community_section import community_section, diversity
from hepaxis.cohort.analysis.methods import checklist_answers, methods_paragraph, versions
from hepaxis.cohort.analysis.options import EXPOSURES, Options
from hepaxis.cohort.analysis.panels import Json, Section, as_json, clean, table_json
from hepaxis.cohort.analysis.power import power_statement
from hepaxis.cohort.analysis.prediction_section import prediction_section
from hepaxis.cohort.analysis.standards import mixs, storms
from hepaxis.cohort.analysis.survival_section import survival_section
from hepaxis.cohort.analysis.table_one import cohort_table
from hepaxis.cohort.prediction import Evaluation
from hepaxis.cohort.record import Cohort
from hepaxis.cohort.response import sensitivity
from hepaxis.cohort.scores import published_scores, read_score
from hepaxis.problems import Problem, Severity, info

FORMAT = 1
MEASURES = ("richness", "shannon")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Analysis:
    """document: ``cohort.json``; tables: name -> what becomes <name>.csv (panels, checklist, MIxS fields, scores)."""

    document: Json
    tables: dict[str, pd.DataFrame]

    @property
    def verdict(self) -> str:
        return str(self.document["answer"]["sentence"])

    def text(self) -> str:
        return json.dumps(self.document, indent=1, ensure_ascii=False) + "\n"


def analyse_cohort(
    cohort: Cohort, options: Options | None = None, *, progress: Progress = lambda text: None
) -> Analysis:
    """Everything that these data allow.  InputError for options that do not fit the tables."""
    options = options or Options()
    problems: list[Problem] = list(cohort.problems)
    progress("diversity and scores")
    alpha = diversity(cohort, options.seed)
    scores, sources = _scores(cohort, options, problems)
    profiler = _one_profiler(cohort)
    rest = None
    if options.mechanism and profiler:
        from hepaxis.cohort.mechanism import rest_of

        progress("the model’s reading")
        rest = rest_of(cohort.abundance, cohort.lineages, profiler)
        scores = scores.assign(**{"mechanistic score": rest.score})
    sections: list[Section] = []
    progress("communities")
    sections.append(community_section(cohort, options, alpha))
    measures = {name: alpha[name] for name in MEASURES} | {str(n): scores[n] for n in scores}
    progress("survival and exposures")
    sections.append(survival_section(cohort, options, measures))
    progress("prediction")
    predicted, found = prediction_section(cohort, options, scores)
    sections.append(predicted)
    if rest is not None:
        from hepaxis.cohort.analysis.mechanism_section import mechanism_section

        sections.append(mechanism_section(cohort, rest, profiler))
    held = [s.id for s in sections if s.panels]
    paragraph = methods_paragraph(cohort, options, held, found)
    checklist = storms(checklist_answers(cohort, options, paragraph, found))
    one = cohort_table(cohort)
    document: Json = {
        "format": FORMAT,
        "statement": STATEMENT,
        "stamp": {
            "version": __version__,
            "seed": options.seed,
            "data": _hash(cohort),
            "packages": versions(),
        },
        "definition": {"name": str(cohort.definition), "sentence": cohort.definition.sentence()},
        "facts": _facts(cohort),
        "answer": _answer(cohort, found, predicted),
        "check": [p.as_dict() for p in _ordered(problems)],
        "accepted": list(cohort.accepted),
        "log": [str(step) for step in cohort.log],
        "sensitivity": table_json(sensitivity(cohort)),
        "cohort_table": table_json(one),
        "sections": [as_json(s) for s in sections],
        "scores": [{"name": str(n), "source": sources.get(str(n), "")} for n in scores],
        "methods": paragraph,
        "power": _power(cohort),
        "storms": table_json(checklist),
    }
    tables = {panel.id: panel.table for section in sections for panel in section.panels}
    tables |= {"cohort_table": one, "sensitivity": sensitivity(cohort), "storms": checklist, "mixs": mixs(cohort)}
    tables["scores"] = scores.reset_index(names="sample")
    tables["diversity"] = alpha.reset_index(names="sample")
    if found is not None:
        tables["predictions"] = _predictions(cohort, found)
    return Analysis(clean(document), tables)


def _scores(cohort: Cohort, options: Options, problems: list[Problem]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Published and brought scores, each turned so that higher means response."""
    scores, sources = published_scores(cohort.abundance, cohort.lineages)
    for path in options.scores:
        score = read_score(path)
        found = score(cohort.abundance, cohort.lineages)
        scores[score.name] = score.turn * found.score
        sources[score.name] = score.source
        said = "; ".join(f"{name} {have} of {of}" for name, (have, of) in found.found.items())
        hint = f"missing: {', '.join(found.missing[:8])}" if found.missing else "every taxon was found"
        problems.append(info("score.coverage", f"{score.name}: {said} taxa are in the table", hint, file=str(path)))
    return scores, sources


def _one_profiler(cohort: Cohort) -> str:
    """The profiler of most samples, as ``profile.PROFILERS`` names it."""
    return str(cohort.profiler.mode().iloc[0]).split(" ")[0] if len(cohort.profiler) else ""


def _ordered(problems: Sequence[Problem]) -> list[Problem]:
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return sorted(dict.fromkeys(problems), key=lambda p: order[p.severity])


def _facts(cohort: Cohort) -> list[tuple[str, str]]:
    known = cohort.response.dropna()
    facts = [
        ("Samples", f"{len(cohort.abundance)} of {len(set(cohort.subject))} people"),
        ("Studies", str(len(set(cohort.study)))),
        ("Response", f"{int((known == 1).sum())} of {len(known)} known"),
        ("Taxa", f"{len(cohort.taxa)} ({', '.join(sorted(set(cohort.profiler)))})"),
    ]
    for endpoint, name in (("os", "Deaths"), ("pfs", "Progressions")):
        events = cohort.survival[f"{endpoint}_event"].dropna()
        if len(events):
            facts.append((name, f"{int(events.sum())} of {len(events)}"))
    return facts


def _answer(cohort: Cohort, found: Evaluation | None, section: Section) -> Json:
    """The one sentence at the top, and what it rests on."""
    if found is None:
        return {
            "state": "not judged",
            "css": "abst",
            "sentence": "Response cannot be predicted, or shown unpredictable, from this few patients.",
            "reasons": list(section.left_out),
        }
    one = found.primary
    chance = "better" if one.better_than_chance else "not better"
    sentence = (
        f"From the stool alone, response is predicted {chance} than chance: AUC {one.area.value:.2f} "
        f"({one.area.low:.2f} to {one.area.high:.2f}) by {found.scheme}."
    )
    reasons = [
        f"Permutation p {one.p:.2g}; over pairs within a cohort {one.within.value:.2f} ({one.within.low:.2f} to "
        f"{one.within.high:.2f}).",
        "The learner was named beforehand; every choice was made inside the fold.",
    ]
    for _, row in found.against.iterrows():
        if row["baseline"] in ("cohort", "clinic") and one.better_than_chance:
            told = "beats" if row["low"] > 0 else "is not shown to beat"
            reasons.append(
                f"It {told} {row['label']} (difference {row['difference']:+.2f}, {row['low']:+.2f} to "
                f"{row['high']:+.2f})."
            )
    return {
        "state": "better than chance" if one.better_than_chance else "not better than chance",
        "css": "ok" if one.better_than_chance else "abst",
        "sentence": sentence,
        "reasons": reasons,
    }


def _power(cohort: Cohort) -> str:
    people = cohort.first_samples()
    y = people.response.dropna()
    events = {}
    for endpoint, name in (("os", "overall survival"), ("pfs", "progression-free survival")):
        seen = people.survival[f"{endpoint}_event"].dropna()
        if len(seen):
            events[name] = int(seen.sum())
    exposed = {}
    for name in EXPOSURES:
        if name in people.clinical:
            values = pd.to_numeric(people.clinical[name], errors="coerce").dropna()
            if len(values):
                exposed[name] = float(values.mean())
    return power_statement(int((y == 1).sum()), int((y == 0).sum()), events, exposed)


def _predictions(cohort: Cohort, found: Evaluation) -> pd.DataFrame:
    samples = cohort.with_response().abundance.index
    parts = [
        one.predictions.assign(sample=samples[one.predictions["row"]], learner=one.label, scheme=one.scheme)
        for one in (*found.judged, *found.second)
    ]
    return pd.concat(parts, ignore_index=True).drop(columns="row")


def _hash(cohort: Cohort) -> str:
    """Of what was analysed: shares, response, survival, people and studies."""
    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(cohort.abundance.to_numpy(float)).tobytes())
    for table in (cohort.response, cohort.survival, cohort.subject, cohort.study):
        digest.update(table.to_csv().encode("utf-8"))
    return digest.hexdigest()[:16]


def table_texts(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Name of the file -> its text."""
    return {f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in tables.items()}
