"""What a running server holds: workspace, jobs and the children that answer quickly."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request

from hepaxis.server.answers import answer_all
from hepaxis.server.children import GIGABYTE
from hepaxis.server.jobs import Jobs
from hepaxis.server.live import Live
from hepaxis.server.store import DONE, Job, Store
from hepaxis.server.workspace import PARTS, Workspace

CHECK_MEMORY = 3 * GIGABYTE  # a reader that needs more has met something that is not a profile


@dataclass(frozen=True)
class Room:
    """``checker`` reads what users give; ``twins`` and ``axis`` answer what-if and gate questions."""

    workspace: Workspace
    jobs: Jobs
    checker: Live
    twins: Live
    axis: Live
    kept: dict[Any, Any] = field(default_factory=dict)  # rendered results, by run

    @classmethod
    def of(cls, workspace: Workspace, slots: int) -> Room:
        scratch = workspace.root / PARTS
        return cls(
            workspace,
            Jobs(workspace, slots),
            Live(answer_all, scratch, memory=CHECK_MEMORY),
            Live(answer_all, scratch),
            Live(answer_all, scratch),
        )

    @property
    def store(self) -> Store:
        return self.workspace.store

    def close(self) -> None:
        self.jobs.stop()
        for live in (self.checker, self.twins, self.axis):
            live.stop()

    def result(self, job: Job, name: str) -> str:
        """Text of a run's file.  Raises KeyError where the run is not done or its folder has gone."""
        path: Path = self.workspace.run(job.id) / name
        if job.state != DONE or not path.is_file():
            raise KeyError(job.id)
        return path.read_text(encoding="utf-8")

    def done(self, kind: str, subject: str | None = None) -> list[Job]:
        """Runs of a kind, newest first."""
        return self.store.jobs(kind=kind, subject=subject, state=DONE)


def room_of(request: Request) -> Room:
    found: Room = request.app.state.room
    return found
