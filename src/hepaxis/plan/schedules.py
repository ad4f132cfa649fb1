"""When, how much, and up front or at rescue: one arm's schedule varied on the same virtual patients.

Held: the best single arm of the search is given on other days and at other doses; the arms that have been given at
rescue are compared up front and at each virtual patient's own progression.  A dose is searched for its window: the
doses that cannot be told from the best, since effects may turn at high doses; where the best dose lies inside the range
the effect is called biphasic only if both ends are worse beyond their intervals.  Who has progressed cannot respond
first, so roles are compared by the sum of diameters at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hepaxis import therapy
from hepaxis.plan.estimates import Cross, change, over_people
from hepaxis.plan.schema import Interval, Persistence, Schedule, ScheduleRow
from hepaxis.plan.search import Searched
from hepaxis.plan.simulation import Simulated, simulate
from hepaxis.plan.two_stage import Progress, Stage
from hepaxis.plan.variants import RESCUE, options, words
from hepaxis.therapy import Component
from hepaxis.trial import NEVER, course_of, read_scans, scan_schedule
from hepaxis.trial.course import at_days

DAYS = (-14.0, 0.0, 28.0, 84.0)  # first days tried
DOSES = (0.25, 0.5, 1.0, 2.0, 4.0)  # factors tried on the tables' dose
READ_ON = (28.0, 91.0, 182.0)  # days on which donor cells are counted
LIVING = "live"


@dataclass(frozen=True)
class Bench:
    """One stage's base run and its people."""

    regimen: str
    stage: Stage
    base: Simulated
    cross: Cross

    def run(self, part: Component, progression: np.ndarray | None = None) -> Simulated:
        parts = (Component(self.regimen), part)
        observe = ("donor_share",)
        return simulate(self.stage.twin, parts, self.stage.setting, observe=observe, progression=progression)

    def gain(self, run: Simulated) -> Interval:
        lost = run.failed | self.base.failed
        return change(self.cross, self.base.endpoints.response, np.where(lost, np.nan, run.endpoints.response))

    def size(self, run: Simulated) -> Interval:
        """Sum of diameters at the end against that under the base regimen, over virtual patients, ratio."""
        return over_people(self.cross, diameters(run) / np.maximum(diameters(self.base), 1e-9))


def diameters(run: Simulated) -> np.ndarray:
    """(V,) sum of diameters on the last day against day 0."""
    volume, spread = (run.run.values[name] for name in ("tumour_volume", "diameter_spread"))
    grown = np.cbrt(np.maximum(volume[:, -1], 1e-9) / np.maximum(volume[:, 0], 1e-9))
    sizes: np.ndarray = grown * spread[:, -1] / spread[:, 0]
    return np.where(run.failed, np.nan, sizes)


def progression_days(base: Simulated, stage: Stage) -> np.ndarray:
    """(V,) day of the scan that shows progression under the base regimen, read without error; NaN where none does."""
    course = course_of(base.run, stage.twin)
    scans = scan_schedule(stage.setting.scan_interval_weeks, course.days[-1])
    volume = at_days(np.nan_to_num(course.volume, nan=1.0), course.days, scans)
    spread = None if course.spread is None else at_days(np.nan_to_num(course.spread, nan=1.0), course.days, scans)
    sums = course.diameter_sum[:, None] * course.relative(volume, spread)
    first = read_scans(scans, course.diameter_sum, sums).progression
    days: np.ndarray = np.where((first == NEVER) | base.failed, np.nan, scans[np.maximum(first, 0)])
    return days


def schedule_section(regimen: str, searched: Searched | None, stage: Stage, progress: Progress) -> tuple[Schedule, ...]:
    """The best single arm on other days and doses, and the best arm with a role at rescue; none without a search."""
    if searched is None or stage.setting.today > 0:
        return ()
    alone = [one for one in searched.tried if len(one.candidate.components) == 2 and not one.candidate.changed]
    alone.sort(key=lambda one: (-one.gains.net if np.isfinite(one.gains.net) else np.inf, one.candidate.id))
    base = searched.tried[0].run
    bench = Bench(regimen, stage, base, Cross.of(stage.twin, stage.twin.ok & ~base.failed))
    rescuable = {option.arm for option in options() if option.aim == RESCUE}
    movable = next((one for one in alone if _can_move(one.candidate.components[-1])), None)
    rescue = next((one for one in alone if one.candidate.components[-1] in rescuable), None)
    made = []
    if movable is not None:
        arm = movable.candidate.components[-1]
        progress(f"schedules of {therapy.arm(arm).label}")
        made.append(_scanned(arm, movable.run, bench))
    if rescue is not None:
        arm = rescue.candidate.components[-1]
        progress(f"up front or at rescue: {therapy.arm(arm).label}")
        made.append(_roles(arm, rescue.run, bench))
    return tuple(made)


def _can_move(arm: str) -> bool:
    return any(not therapy.component_faults(Component(arm, first_day=day)) for day in DAYS)


def _scanned(arm: str, plain: Simulated, bench: Bench) -> Schedule:
    part = Component(arm)
    rows = []
    anchor = min(pull.first_day for pull in therapy.component_pulls(replace(part, own_lead_in=False)))
    for day in DAYS:
        moved = replace(part, first_day=day)
        if therapy.component_faults(moved) == []:
            run = plain if day == anchor else bench.run(moved)
            rows.append(_row("timing", words(moved), day, run, bench))
    timing = _sentence("day", rows)
    doses = []
    for dose in DOSES:
        scaled = replace(part, dose=dose)
        if therapy.component_faults(scaled) == []:
            run = plain if dose == 1.0 else bench.run(scaled)
            doses.append(_row("dose", words(scaled) or "the dose of the tables", dose, run, bench))
    window = _window(doses)
    return Schedule(
        arm=arm,
        label=therapy.arm(arm).label,
        rows=(*rows, *doses),
        window=window,
        biphasic=_biphasic(doses),
        sentences=tuple(text for text in (timing, _dose_sentence(doses, window)) if text),
        persistence=(),
        resample=_resample(arm),
    )


def _roles(arm: str, up_front: Simulated, bench: Bench) -> Schedule:
    late = next(option for option in options() if option.arm == arm and option.aim == RESCUE).apply(Component(arm))
    days = progression_days(bench.base, bench.stage)
    first = bench.run(Component(arm))
    rescue = bench.run(late, progression=days)
    rows = (
        _row("role", "up front", 0.0, first, bench),
        _row("role", "at progression", None, rescue, bench),
    )
    share = float(np.average(np.isfinite(days), weights=bench.cross.lane_weights)) if bench.cross.ok.any() else 0.0
    early, later = rows[0].size, rows[1].size
    if early.hi90 < later.lo90:
        text = "Up front leaves a smaller tumour at the end than at rescue."
    elif later.hi90 < early.lo90:
        text = "At rescue leaves a smaller tumour at the end than up front."
    else:
        text = "Up front and at rescue cannot be told apart by what is left of the tumour at the end."
    text += f" {100 * share:.0f}% of the virtual patients progress within the horizon and would be given it at rescue."
    return Schedule(
        arm=arm,
        label=therapy.arm(arm).label,
        rows=rows,
        window=None,
        biphasic=False,
        sentences=(text,),
        persistence=_persistence(arm, first, bench),
        resample=_resample(arm),
    )


def _row(kind: str, label: str, value: float | None, run: Simulated, bench: Bench) -> ScheduleRow:
    return ScheduleRow(kind, label, value, bench.gain(run), bench.size(run))


def _best(rows: list[ScheduleRow]) -> ScheduleRow:
    return max(rows, key=lambda row: row.change_response.median)


def _sentence(what: str, rows: list[ScheduleRow]) -> str:
    if len(rows) < 2:
        return ""
    best = _best(rows)
    if all(row.change_response.hi90 >= best.change_response.lo90 for row in rows):
        return f"No first {what} can be told from another."
    return f"Best {best.label}; some other first {what}s are worse beyond their intervals."


def _window(rows: list[ScheduleRow]) -> tuple[float, float] | None:
    """Lowest and highest dose of those that cannot be told from the best, without a gap around it."""
    if len(rows) < 2:
        return None
    best = rows.index(_best(rows))
    limit = rows[best].change_response.lo90
    low = high = best
    while low > 0 and rows[low - 1].change_response.hi90 >= limit:
        low -= 1
    while high < len(rows) - 1 and rows[high + 1].change_response.hi90 >= limit:
        high += 1
    return float(rows[low].value or 0.0), float(rows[high].value or 0.0)


def _biphasic(rows: list[ScheduleRow]) -> bool:
    if len(rows) < 3:
        return False
    best = _best(rows)
    ends = (rows[0], rows[-1])
    return best not in ends and all(end.change_response.hi90 < best.change_response.lo90 for end in ends)


def _dose_sentence(rows: list[ScheduleRow], window: tuple[float, float] | None) -> str:
    if window is None:
        return "Its dose is not varied: the level of the tables is a ceiling or a single dose."
    low, high = window
    tried = [row.value or 0.0 for row in rows]
    if (low, high) == (min(tried), max(tried)):
        return f"No dose from {low:g} to {high:g} times the tables' can be told from another: no reason to give more."
    turned = " The effect turns at the top: more is worse." if _biphasic(rows) else ""
    return f"Window: {low:g} to {high:g} times the tables' dose.{turned}"


def _persistence(arm: str, run: Simulated, bench: Bench) -> tuple[Persistence, ...]:
    """Share of donor cells on some days; empty where no living cells are given."""
    if LIVING not in therapy.arm(arm).safety_classes:
        return ()
    days, shares = run.run.days, run.run.values["donor_share"]
    return tuple(
        Persistence(day, over_people(bench.cross, shares[:, int(np.argmin(np.abs(days - day)))]))
        for day in READ_ON
        if day <= days[-1]
    )


def _resample(arm: str) -> tuple[str, ...]:
    """When a second stool sample tells most."""
    one = therapy.arm(arm)
    points = ["before the first dose", "at the first scan"]
    if LIVING in one.safety_classes:
        points.insert(1, "four weeks after the last dose of living cells, for what has settled")
        points.append("three months on: give again only what has washed out")
    if any(pull.lever == "antibiotic" for pull in one.pulls):
        points.insert(1, "two weeks after the antibiotic's last dose")
    return (*points, "four to six weeks after any antibiotic")
