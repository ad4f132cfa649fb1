"""Quick questions to a child that keeps what is slow to make: a patient's twin, the model at rest.

Held: one question at a time; a question that a newer one of the same sort has overtaken is not answered (a slider that
moved on).  A child that dies or takes too long is replaced.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from hepaxis.problems import InputError, Problem, Severity, error
from hepaxis.server import children
from hepaxis.server.children import GIGABYTE, Child, Work

MEMORY = 8 * GIGABYTE


class Overtaken(Exception):
    """A newer question of the same sort has come."""


class Live:
    """A child that answers ``work``'s questions, started by the first one."""

    def __init__(self, work: Work, scratch: Path, *, memory: int = MEMORY) -> None:
        self._work, self._scratch, self._memory = work, scratch, memory
        self._child: Child | None = None
        self._lock = asyncio.Lock()
        self._newest: Counter[str] = Counter()

    async def ask(self, verb: str, payload: dict[str, Any], *, seconds: float, sort: str = "") -> dict[str, Any]:
        """The child's answer.

        sort: only the newest question of a sort is answered.  Raises InputError for what the child finds wrong or
        cannot do in ``seconds``, Overtaken.
        """
        self._newest[sort] += 1
        ticket = self._newest[sort]
        async with self._lock:
            if sort and ticket != self._newest[sort]:
                raise Overtaken
            work = asyncio.create_task(asyncio.to_thread(self._answer, {"verb": verb, **payload}, seconds))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:  # the browser went away; the pipe must stay in step
                await asyncio.wait([work])
                raise

    def _answer(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        if self._child is None or not self._child.process.is_alive():
            self.stop()
            self._child = children.start(self._work, {}, self._scratch, memory=self._memory, asks=True)
        try:
            self._child.say(question)
            if not self._child.connection.poll(seconds):
                self.stop()
                found = f"no answer within {seconds:g} s"
                raise InputError([error("work.slow", found, "try again; give smaller inputs if it stays so")])
            answer = self._child.hear()
        except (EOFError, OSError):
            self.stop()
            found = "the work stopped before its end"
            raise InputError([error("work.stopped", found, "try again; look at the memory of the machine")]) from None
        if answer.get("end") == "failed":
            self.stop()
        if "problems" in answer:
            raise InputError([as_problem(one) for one in answer["problems"]])
        return answer

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


def as_problem(told: dict[str, Any]) -> Problem:
    """A problem from its JSON."""
    return Problem(**{**told, "severity": Severity(told["severity"])})
