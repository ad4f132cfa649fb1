"""From the raw tree of a design's YAML to a checked ``Design``: every fault is noted with its line, nothing is guessed.

Held: the fields are those of ``design_fields.csv``; what a component can take is said by ``therapy``; what must fit
together (days inside the horizon, one drug a slot, a biopsy with its day) is checked here, before anything is run.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from hepaxis import knowledge, therapy
from hepaxis.patient.yaml_fields import MOST_DAYS, FieldReader, TableField, best_matches, field_table
from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence
from hepaxis.population import assumed, population_names
from hepaxis.problems import InputError
from hepaxis.trial.conditions import Condition, condition, features, stratum
from hepaxis.trial.design import Analysis, Design, Reads, TrialArm, Who
from hepaxis.trial.schedule import Conduct, conduct, conduct_trials

PACKAGE = "hepaxis.trial"
CHILD_PUGH = {"A": (5, 6), "B": (7, 8, 9)}
BIOPSY = "cd8_biopsy"
DROPOUT = ("immune", "tki", "placebo", "local")


@cache
def design_fields() -> tuple[TableField, ...]:
    """Every field of a design file in the order of the table."""
    return field_table(PACKAGE, "design_fields.csv")


@cache
def outcomes() -> dict[str, dict[str, str]]:
    """Endpoints by name: label, contrast (difference, ratio, hazard_ratio), column of ``ENDPOINT_COLUMNS``, meaning."""
    text = files(PACKAGE).joinpath("outcomes.csv").read_text(encoding="utf-8")
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


@cache
def design_choices(kind: str) -> tuple[str, ...]:
    """Words that a field of this kind takes; empty where it takes no fixed words."""
    found: dict[str, Callable[[], tuple[str, ...]]] = {
        "mode": lambda: ("parallel", "paired"),
        "gates": lambda: ("drawn", "mean", "off"),
        "at": lambda: ("start", "progression"),
        "not_evaluable": lambda: ("separate", "progression"),
        "dropout": lambda: DROPOUT,
        "regimen": therapy.regimen_ids,
        "component": lambda: (*_local_treatments(), *therapy.arm_ids()),
        "donor": lambda: tuple(str(row["id"]) for row in knowledge.records("donor_profiles")),
        "antibiotic": lambda: tuple(str(row["id"]) for row in knowledge.records("antibiotic_classes")),
        "population_name": population_names,
        "child_pugh": lambda: (*CHILD_PUGH, *(str(points) for row in CHILD_PUGH.values() for points in row)),
        "conduct": conduct_trials,
        "outcome": lambda: tuple(outcomes()),
        "feature": lambda: tuple(features()),
    }
    return found[kind]() if kind in found else ()


def _local_treatments() -> tuple[str, ...]:
    return tuple(id for id in therapy.regimen_ids() if not therapy.regimen(id).doses and id != "placebo")


class DesignReader(FieldReader):
    """Reads one design."""

    what = "trial"
    most = 1_000_000

    def fields_of(self, section: str) -> dict[str, TableField]:
        return {field.name: field for field in design_fields() if field.section == section}

    def choices(self, kind: str) -> tuple[str, ...]:
        return design_choices(kind)

    def design(self, text: str = "") -> Design | None:
        """The design; None where ``problems`` were found."""
        special: dict[str, Callable[[Node], Any]] = {
            "arms": self._arms,
            **{name: self._part(name) for name in ("population", "scans", "treatment", "endpoints", "analysis")},
        }
        top = self.section(self.root, "", special)
        for name in ("population", "scans", "treatment", "analysis"):
            if top[name] is None:
                top[name] = self.section(Mapping({}, {}, self.root.line), name)
        who = self._who(top["population"])
        read = self._conduct(top["scans"], top["treatment"])
        arms = tuple(arm for row in top["arms"] or () if (arm := self._arm(row, top["horizon_days"])) is not None)
        self._fits(top, arms)
        strata = self._strata("analysis", top["analysis"]["strata"])
        if self.problems:
            return None
        ends = top["endpoints"]
        names = top["analysis"]["features"] or self.fields_of("analysis")["features"].default.split()
        return Design(
            name=top["name"],
            statement=top["statement"],
            sources=tuple(top["sources"] or ()),
            note=top["note"] or "",
            mode=top["mode"],
            n=top["n"],
            arms=arms,
            control=top["control"] or arms[0].id,
            population=who,
            conduct=read,
            cap_days=top["treatment"]["cap_days"] or math.inf,
            endpoints=Reads(
                tuple(ends["primary"]), tuple(ends["secondary"] or ()), ends["biopsy_day"], ends["biopsy_cores"]
            ),
            analysis=Analysis(strata or who.strata, tuple(names)),
            horizon_days=top["horizon_days"],
            gates=top["gates"],
            seed=top["seed"],
            text=text,
            file=self.file,
        )

    # -- sections

    def _part(self, name: str) -> Callable[[Node], dict[str, Any] | None]:
        def read(node: Node) -> dict[str, Any] | None:
            if isinstance(node, Mapping):
                return self.section(node, name)
            self.wrong(node, name, "not a list of fields", f"give {', '.join(self.fields_of(name))}")
            return None

        return read

    def _arms(self, node: Node) -> list[dict[str, Any]]:
        rows = self.rows(node, "arms", {"components": self._components})
        if isinstance(node, Sequence) and not node.items:
            self.wrong(node, "arms", "no arm", "give at least one")
        return rows

    def _components(self, node: Node) -> list[tuple[therapy.Component, int]]:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = [self._component(item) for item in items]
        return [(one, item.line) for one, item in zip(found, items, strict=True) if one is not None]

    def _component(self, node: Node) -> therapy.Component | None:
        if isinstance(node, Scalar):
            id = self.word(node, "components", self.choices("component"))
            return None if id is None else therapy.Component(id)
        if not isinstance(node, Mapping):
            self.wrong(node, "components", "not a component", "give an id, or id: and its options")
            return None
        before = len(self.problems)
        row = self.section(node, "components", {"lead_in": self._lead_in})
        if len(self.problems) > before:
            return None
        lead = row["lead_in"]
        own = lead != "none"
        one = therapy.component(row | {"lead_in": lead if own else None, "own_lead_in": own})
        for fault in therapy.component_faults(one):
            self.note("component", node.line, "components", fault.found, fault.hint)
        return one if len(self.problems) == before else None

    def _lead_in(self, node: Node) -> therapy.LeadIn | str | None:
        if isinstance(node, Mapping):
            before = len(self.problems)
            row = self.section(node, "lead_in")
            return therapy.LeadIn(**row) if len(self.problems) == before else None
        if isinstance(node, Scalar):
            word = self.word(node, "lead_in", ("none", *self.choices("antibiotic")))
            return therapy.LeadIn(word) if word not in (None, "none") else word
        self.wrong(node, "lead_in", "a list", "give one antibiotic class, none, or antibiotic: and days:")
        return None

    def _arm(self, row: dict[str, Any], horizon: float | None) -> TrialArm | None:
        components = row["components"] or []
        regimen = therapy.regimen(row["regimen"])
        dropout = row["dropout"] or _dropout(regimen.classes)
        made = TrialArm(
            id=row["id"],
            label=row["label"] or row["id"],
            regimen=row["regimen"],
            start=row["start"],
            components=tuple(one for one, _ in components),
            share=row["share"],
            dropout=dropout,
        )
        for one, line in components:
            days = [pull.first_day for pull in therapy.component_pulls(one)]
            if not days or one.at != "start":
                continue
            late, early = made.start + (one.first_day or 0.0), made.start + min(days)
            if horizon is not None and late >= horizon:
                self.note("days", line, "first_day", f"day {late:g} is not before the end", "begin before horizon_days")
            if early < -assumed("lead_in"):
                hint = f"begin on day -{assumed('lead_in'):g} or later, or give the arm a start"
                self.note("days", line, "first_day", f"begins on day {early:g}, before patients are simulated", hint)
        if horizon is not None and made.start >= horizon:
            self.note("days", row["line"], "start", f"day {made.start:g} is not before the end", "begin earlier")
        return made

    def _who(self, found: dict[str, Any]) -> Who:
        points = [points for word in found["child_pugh"] or ["A"] for points in _points(word)]
        return Who(
            name=found["name"] or "",
            child_pugh=tuple(sorted(set(points))),
            eligibility=self._conditions("eligibility", found["eligibility"]),
            biomarker=self._conditions("biomarker", found["biomarker"]),
            strata=self._strata("strata", found["strata"]),
            second_line=found["second_line"] or 0.0,
            year=found["year"] or 0.0,
        )

    def _conditions(self, name: str, texts: list[str] | None) -> tuple[Condition, ...]:
        return tuple(one for text in texts or () if (one := self._read(name, text, condition)) is not None)

    def _strata(self, name: str, texts: list[str] | None) -> tuple[str | Condition, ...]:
        return tuple(one for text in texts or () if (one := self._read(name, text, stratum)) is not None)

    def _read(self, name: str, text: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(text)
        except InputError as fault:
            for problem in fault.problems:
                self.note(problem.code.removeprefix("trial."), self._line(text), name, problem.found, problem.hint)
            return None

    def _conduct(self, found: dict[str, Any], treatment: dict[str, Any]) -> Conduct:
        """The published trial's, or the fields' defaults, with what was written in its place."""
        written = self.root.entries.get("scans")
        given = set(written.entries) if isinstance(written, Mapping) else set()
        own = self.root.entries.get("treatment")
        given |= set(own.entries) if isinstance(own, Mapping) else set()
        like = found["like"]
        other = conduct(like) if like else None
        switch, later = found["switch_weeks"], found["later_weeks"]
        if (switch is None) != (later is None):
            line = self.root.lines.get("scans", self.root.line)
            self.note("scans", line, "later_weeks", "switch_weeks and later_weeks belong together", "give both or none")

        def taken(name: str, own: Any) -> Any:
            return own if other is None or name in given else getattr(other, name)

        interval = taken("interval_weeks", found["interval_weeks"]) or 0.0
        changes = other if switch is None and "interval_weeks" not in given else None
        return Conduct(
            trial=like or "this design",
            interval_weeks=interval,
            switch_weeks=changes.switch_weeks if changes else switch or math.inf,
            later_weeks=changes.later_weeks if changes else later or interval,
            confirmed=bool(taken("confirmed", found["confirmed"])),
            not_evaluable=taken("not_evaluable", found["not_evaluable"]) or "",
            beyond_progression=taken("beyond_progression", treatment["beyond_progression"]) or 0.0,
            source=other.source if other else "design",
        )

    # -- what must fit together

    def _fits(self, top: dict[str, Any], arms: tuple[TrialArm, ...]) -> None:
        rows = {row["id"]: row["line"] for row in top["arms"] or ()}
        for id, count in Counter(row["id"] for row in top["arms"] or ()).items():
            if count > 1:
                self.note("arm_twice", rows[id], "id", f"{count} arms are called '{id}'", "give each a name of its own")
        if top["control"] and rows and top["control"] not in rows:
            self.note("control", self.root.lines["control"], "control", f"no arm '{top['control']}'",
                      best_matches(top["control"], tuple(rows)))  # fmt: skip
        horizon = top["horizon_days"]
        if horizon is not None and horizon > MOST_DAYS:
            self.note("horizon", self.root.lines["horizon_days"], "horizon_days", f"{horizon:g} days",
                      f"at most {MOST_DAYS:g}")  # fmt: skip
        self._sizes(top, arms, rows)
        for arm in arms:
            try:
                arm.parameters()
            except InputError as fault:
                for problem in fault.problems:
                    self.note("slot_taken", rows[arm.id], "regimen", problem.found, problem.hint)
        self._biopsy(top, horizon)

    def _sizes(self, top: dict[str, Any], arms: tuple[TrialArm, ...], rows: dict[str, int]) -> None:
        if top["mode"] == "paired":
            for arm in arms:
                if arm.share != 1.0:
                    self.note("share", rows[arm.id], "share", f"{arm.share:g} of a paired trial",
                              "leave it out: everybody is on every arm")  # fmt: skip
        elif top["n"] is not None and top["n"] < len(arms):
            self.note("n", self.root.lines["n"], "n", f"{top['n']} patients on {len(arms)} arms", "give more patients")

    def _biopsy(self, top: dict[str, Any], horizon: float | None) -> None:
        ends = top["endpoints"] or {}
        line = self.root.lines.get("endpoints", self.root.line)
        wanted = BIOPSY in (*(ends.get("primary") or ()), *(ends.get("secondary") or ()))
        day = ends.get("biopsy_day")
        if wanted and day is None:
            self.note("biopsy", line, "biopsy_day", f"{BIOPSY} without a day", "give biopsy_day")
        if day is not None and horizon is not None and not 0 <= day <= horizon:
            self.note("biopsy", line, "biopsy_day", f"day {day:g} is outside the trial", f"0 to {horizon:g}")
        doubled = [name for name in ends.get("primary") or () if name in (ends.get("secondary") or ())]
        if doubled:
            self.note("endpoints", line, "secondary", f"{', '.join(doubled)} is primary too", "name it once")

    def _line(self, text: str) -> int:
        """Line of a text in the tree (conditions are read after their section)."""
        found = [node.line for node in _scalars(self.root) if node.text.strip() == text]
        return found[0] if found else self.root.line


def _scalars(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    inside = node.items if isinstance(node, Sequence) else node.entries.values()
    return [one for item in inside for one in _scalars(item)]


def _points(word: str) -> tuple[int, ...]:
    return CHILD_PUGH.get(word) or (int(word),)


def _dropout(classes: tuple[str, ...]) -> str:
    """Class of leaving of a regimen: that of its kinase inhibitor, as for the trials' arms (``trial_arms``)."""
    if "placebo" in classes:
        return "placebo"
    if "tki" in classes:
        return "tki"
    return "local" if "locoregional" in classes else "immune"
