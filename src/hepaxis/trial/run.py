"""A virtual trial run to its end: candidates screened, enrolled, treated, followed, and written a chunk at a time.

Held: the first n candidates who may take part and can be closed are the patients.  Rows are the same bit for bit
whatever the number of workers or the size of a chunk: every draw belongs to a patient, and chunks are joined in order.
A run that was killed goes on from its last whole chunk when it is asked for again in the same folder (``journal``).
Memory holds a few chunks.  In a parallel design each patient is on one arm; in a paired one each is on all.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

import hepaxis
from hepaxis import knowledge
from hepaxis.population import engine_model, solved_tau
from hepaxis.problems import InputError, error
from hepaxis.trial.chunk_work import PEOPLE_PER_DRAW, Chunk, share_cores, work
from hepaxis.trial.design import Design
from hepaxis.trial.journal import Journal, alone
from hepaxis.trial.parts import PartWriter
from hepaxis.trial.screening import Enrolment, Screen, Task

CHUNK = 500  # patients
AHEAD = 2  # chunks in work for each worker
SPARE = 0.02  # more are tried than are missing, since some cannot be closed
PATIENCE, LEAST_TAKEN = 2_000, 0.02  # candidates that were tried, and the least share of them that must be at rest
SCHEMA = "hepaxis.trial.parts/1"
WEIGHTING = {"method": "none"}  # patients are drawn as they come, all of weight 1


@dataclass(frozen=True)
class Done:
    """What a run wrote: folder and manifest."""

    folder: Path
    manifest: dict[str, Any]


def run_trial(
    design: Design,
    out: Path,
    *,
    workers: int = 1,
    patients: int | None = None,
    chunk: int = CHUNK,
    progress: Callable[[int, int], None] | None = None,
) -> Done:
    """Run the design and write parts and manifest into ``out``.

    patients: in place of the design's number (of the whole trial, or on every arm where it is paired).
    progress(done, of) after each chunk.  Raises InputError for numbers that cannot be, or when nobody may take part.
    """
    n = design.n if patients is None else patients
    _check(patients=n, workers=workers, chunk=chunk)
    screen = Screen.of(design)
    tally = _Tally(n)
    with alone(out), PartWriter(out) as writer, Journal.of(out, screen) as journal:
        for part in _chunks(screen, journal, workers, chunk, tally):
            writer.write(tally.take(part))
            tally.check()
            if progress is not None:
                progress(tally.enrolled, n)
            if tally.enrolled >= n:
                break
        manifest = _manifest(screen, tally)
        writer.finish(manifest)
    return Done(out, manifest)


def _check(**numbers: int) -> None:
    wrong = [
        error("trial.run", f"{name} {value}", "give a whole number of at least 1")
        for name, value in numbers.items()
        if value < 1
    ]
    if wrong:
        raise InputError(wrong)


def _chunks(screen: Screen, journal: Journal, workers: int, chunk: int, tally: _Tally) -> Iterator[Chunk]:
    """Chunks in order, kept ones read and others worked on here or by processes, until nobody asks for more."""
    enrolment = Enrolment(screen)
    pool: ProcessPoolExecutor | None = None
    if workers > 1:
        engine_model()  # so that workers find the compiled model
        spawn = get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=share_cores, initargs=(workers,))
    ahead = AHEAD * workers if pool is not None else 1
    waiting: deque[tuple[int, Task, Chunk | Future[Chunk] | None]] = deque()
    try:
        for number in count():
            while len(waiting) < ahead:
                missing = tally.missing - sum(len(task.patients) for _, task, _ in waiting)
                if missing <= 0 and waiting:
                    break
                missing = max(missing, 1)
                following = number + len(waiting)
                task = enrolment.next(journal.size(following) or min(chunk, missing + ceil(SPARE * missing) + 1))
                kept: Chunk | Future[Chunk] | None = journal.read(following, task)
                if kept is None and pool is not None:
                    kept = pool.submit(work, screen, task)
                waiting.append((following, task, kept))
            at, task, made = waiting.popleft()
            if isinstance(made, Chunk):
                yield made
                continue
            done = work(screen, task) if made is None else made.result()
            journal.keep(at, task, done)
            yield done
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


class _Tally:
    """Counts patients until there are enough, and who was left out before the last of them."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.enrolled = 0
        self.last = -1
        self.lost: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()

    @property
    def missing(self) -> int:
        return self.n - self.enrolled

    def take(self, part: Chunk) -> pd.DataFrame:
        """The chunk's rows that still belong to the trial."""
        kept = part.enrolled[: self.missing]
        complete = len(kept) == self.missing
        self.enrolled += len(kept)
        seen = [*part.enrolled, *(number for number, _ in part.lost)]
        self.last = int(kept[-1]) if complete else int(max(seen, default=self.last))
        self.lost.update(why for number, why in part.lost if number <= self.last)
        self.failed.update(arm for number, arm in part.failed if number <= self.last)
        if not len(part.rows):
            return part.rows
        rows = part.rows[part.rows["patient"] <= self.last]
        self.rows.update(rows["arm"])
        return rows

    def check(self) -> None:
        """Raises InputError when hardly anybody can be brought to rest."""
        tried = self.enrolled + sum(self.lost.values())
        if tried >= PATIENCE and self.enrolled < LEAST_TAKEN * tried:
            found = f"of {tried} candidates {self.enrolled} are at rest: {dict(self.lost)}"
            raise InputError([error("trial.nobody", found, "choose another population or wider eligibility")])


def _manifest(screen: Screen, tally: _Tally) -> dict[str, Any]:
    design = screen.design
    prior = screen.prior.statement()
    drawn = screen.left_out(tally.last + 1)
    return {
        "schema": SCHEMA,
        "design": {"file": design.file, "text": design.text, "name": design.name},
        "stamp": {
            "model": prior["model"],
            "knowledge": knowledge.content_hash()[:16],
            "design": hashlib.sha256(design.text.encode()).hexdigest()[:16],
            "version": hepaxis.__version__,
            "seed": design.seed,
            "tau": solved_tau(),
        },
        "population": {
            **prior,
            "weighting": WEIGHTING,
            "eligible": [one.text for one in (*screen.who.eligibility, *screen.who.biomarker)],
        },
        "people_per_draw": PEOPLE_PER_DRAW,
        "patients": tally.enrolled,
        "candidates": tally.last + 1,
        "lost": {**drawn, **dict(sorted(tally.lost.items()))},
        "not_simulated": {arm.id: tally.failed.get(arm.id, 0) for arm in design.arms},
        "rows": {arm.id: tally.rows.get(arm.id, 0) for arm in design.arms},
    }
