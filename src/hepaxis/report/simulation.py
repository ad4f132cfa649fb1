"""The page of a simulated scenario: what was given, and what every observed quantity did.

One offline HTML file in the style of the report, without script or request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hepaxis.plan.schema import TimelineItem

from .figures.timeline import timeline
from .figures.trajectories import Trace, trajectory
from .sheet import printed


@dataclass(frozen=True)
class Simulated:
    """``facts`` label -> words; ``notes`` sentences on what was assumed or failed."""

    title: str
    note: str
    facts: dict[str, str]
    given: tuple[TimelineItem, ...]
    traces: tuple[Trace, ...]
    notes: tuple[str, ...]


def render_simulation(simulated: Simulated) -> str:
    """The scenario as one HTML document; what came from the file is escaped."""
    plots: Sequence[tuple[Trace, object]] = [(trace, trajectory(trace)) for trace in simulated.traces]
    return printed(
        "simulation.html.j2",
        page=simulated,
        plots=plots,
        timeline=timeline(simulated.given) if simulated.given else None,
    )
