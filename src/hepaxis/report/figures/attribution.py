"""Why the tumour may resist: steps of the attribution, and the same patient with another gut.

Steps are points of objective response against the reference patient, at zero.  They add up to the gap between the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hepaxis.plan.schema import AttributionRow, CounterfactualRow, Interval, Plan

from .. import svg
from ..formats import limits, percent, percent_range, points, shortened, tick, usable
from ..reading import attribution_groups, category_of, limiting_steps
from ..tables import Cell, DataTable, RowChart, value_cell

MOST_LIMITING = 5  # rows of the first panel, so that the first screen holds it
LEAST_STEP = 0.02  # the axis shows at least this far to both sides
LEAST_RESPONSE = 0.4  # response axes reach at least 40%
RESPONSE_CEILING = 1.0
ONE_LINE, TWO_LINES = 42, 62  # characters of a detail beside its mark; the whole text stands in the data table
HEADROOM = 1.08  # so that the last tick's label stays inside its column


def _effect_scale(rows: Sequence[AttributionRow], *, raising: float = LEAST_STEP) -> svg.Scale:
    ends = [limit for r in rows if usable(r.effect) for limit in (r.effect.lo90, r.effect.hi90)]
    return svg.linear_scale(ends, include=(-LEAST_STEP, 0.0, raising))


def _bar(scale: svg.Scale, effect: Interval, category: str, *, part: bool) -> Markup:
    if not usable(effect):
        return Markup("")
    lo, hi = sorted((0.0, effect.median))
    top, height = ("32%", "36%") if part else ("22%", "56%")
    return svg.join(
        (
            svg.box(scale.x(lo), top, scale.width(lo, hi), height, f"f-{category}-2" + (" faint2" if part else "")),
            svg.level("50%", f"iv90 s-{category}", scale.x(effect.lo90), scale.x(effect.hi90)),
            svg.level("50%", f"iv50 s-{category}", scale.x(effect.lo50), scale.x(effect.hi50)),
            svg.dot(scale.x(effect.median), "50%", f"f-{category} pt0", 3.5 if part else 5),
        )
    )


def _axis(scale: svg.Scale, most: int) -> tuple[list[float], Cell]:
    ticks = svg.linear_ticks(scale.lo, scale.hi, most)
    labels = svg.tick_labels(scale, [(t, tick(round(100 * t, 6))) for t in ticks])
    return ticks, Cell("chart", svg.drawing(labels, css="axis"))


def steps(rows: Sequence[AttributionRow]) -> RowChart:
    """All groups and their parts, most lowering first."""
    scale = _effect_scale(rows)
    ticks, axis = _axis(scale, 5)
    grid = svg.gridlines(scale, ticks, marked=0.0, css="ax")
    out = []
    for group in attribution_groups(rows):
        for row in (group.row, *group.parts):
            part = row is not group.row
            category = category_of(row.category)
            swatch = Markup("") if part else Markup('<i class="sw {}"></i>').format(category)
            out.append(
                (
                    Cell("label", row.label, "part")
                    if part
                    else Cell("label", swatch + _head(row.label), "grp", _brief(row)),
                    Cell("chart", svg.drawing(grid + _bar(scale, row.effect, category, part=part))),
                    value_cell(points(row.effect.median), limits(row.effect, points)),
                )
            )
    head = (Cell("label", "Group of mechanisms"), axis, Cell("value", "points (90%)"))
    return RowChart("attr", "Steps from the reference patient to this patient, points of response", tuple(out), head)


def _brief(row: AttributionRow) -> str:
    """The label's bracket, and of the detail what stands before its colon, as far as a line goes."""
    bracket = row.label.removeprefix(_head(row.label)).strip(" ()")
    return shortened("; ".join(t for t in (bracket, row.detail.split(":")[0]) if t), ONE_LINE)


def _head(label: str) -> str:
    """A label without its bracket, for a narrow panel; the full one stands in the figure of all steps."""
    return label.split(" (")[0]


def steps_data(rows: Sequence[AttributionRow]) -> DataTable:
    """Each step with what it compares."""
    told = [
        (row.label, points(row.effect.median), limits(row.effect, points), row.detail or "–")
        for group in attribution_groups(rows)
        for row in (group.row, *group.parts)
    ]
    return DataTable("what each step compares", ("Step", "Points", "90% interval", "Compared"), tuple(told))


def counterfactuals_data(rows: Sequence[CounterfactualRow]) -> DataTable:
    told = tuple((c.label, percent(c.response.median), percent_range(c.response), c.detail or "–") for c in rows)
    return DataTable("what each gut is", ("Gut", "Response", "90% interval, %", "What it is"), told)


def limiting(rows: Sequence[AttributionRow]) -> RowChart:
    """The few steps that lower response most, for the first panel."""
    chosen = limiting_steps(rows, MOST_LIMITING)
    scale = _effect_scale(chosen, raising=0.0)
    ticks, axis = _axis(scale, 2)
    grid = svg.gridlines(scale, ticks, marked=0.0, css="ax")
    body = tuple(
        (
            Cell("label", Markup('<i class="sw {}"></i>').format(category_of(r.category)) + _head(r.label)),
            Cell("chart", svg.drawing(grid + _bar(scale, r.effect, category_of(r.category), part=False))),
            value_cell(points(r.effect.median), limits(r.effect, points)),
        )
        for r in chosen
    )
    return RowChart(
        "mini steps",
        "Steps that lower response most, points",
        (*body, (Cell("blank"), axis, Cell("value", "points", "hd"))),
    )


def _response_rows(
    rows: Sequence[tuple[str, str, Interval, str]], reference: Interval | None
) -> tuple[tuple[tuple[Cell, ...], ...], Cell]:
    ends = [limit for _, _, i, _ in rows if usable(i) for limit in (i.lo90, i.hi90)]
    top = min(max([LEAST_RESPONSE, *ends]) * HEADROOM, RESPONSE_CEILING * HEADROOM)
    scale = svg.Scale(0.0, top)
    ticks = svg.linear_ticks(0.0, top, 3)
    grid = svg.gridlines(scale, ticks, marked=0.0, css="ax")
    if reference is not None and usable(reference):
        grid += svg.upright(scale.x(reference.median), "ref")
    out = tuple(
        (
            Cell("label", label, small=shortened(detail, TWO_LINES)),
            Cell("chart", svg.drawing(grid + (svg.interval_marks(scale, i, css) if usable(i) else Markup("")))),
            value_cell(percent(i.median), percent_range(i)),
        )
        for label, detail, i, css in rows
    )
    labels = svg.tick_labels(scale, [(t, percent(t) if t else "0") for t in ticks])
    return out, Cell("chart", svg.drawing(labels, css="axis"))


def gut_share(plan: Plan) -> RowChart:
    """This gut, a reference gut, and the clinic-only answer: always side by side."""
    this = "This gut" if plan.profile else "This patient, gut unknown"
    rows, axis = _response_rows(
        [
            (this, "", plan.base_response, "regimen"),
            ("A reference gut", "", plan.reference_gut_response, "gut"),
            ("Clinic data alone", "", plan.clinic_only_response, "exposure"),
        ],
        None,
    )
    return RowChart(
        "mini",
        "Predicted objective response: this gut, a reference gut, clinic data alone",
        (*rows, (Cell("blank"), axis, Cell("blank"))),
    )


def counterfactuals(plan: Plan) -> RowChart:
    """Predicted response of the same patient with other guts; dashed line: as planned."""
    rows, axis = _response_rows(
        [("This gut", "as sampled", plan.base_response, "regimen")]
        + [(c.label, c.detail, c.response, "gut") for c in _by_response(plan.counterfactuals)],
        plan.base_response,
    )
    head = (Cell("label", "Same patient, other gut"), axis, Cell("value", "response (90%)"))
    return RowChart("cf", "Predicted objective response with other guts", rows, head)


def _by_response(rows: Sequence[CounterfactualRow]) -> list[CounterfactualRow]:
    return sorted(rows, key=lambda c: c.response.median if usable(c.response) else float("inf"))
