"""Work of a trial that is not finished: each chunk as soon as it is done, so that a killed run goes on from there.

Held: a chunk is two files, its rows (Parquet) and then a record with the rows' hash, each written beside and renamed; a
chunk without a record, or whose rows do not have the hash, was never done and is worked out again.  Work belongs to one
design, model, knowledge, tau and version; other work in the folder is thrown away.  One run at a time writes a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd

import hepaxis
from hepaxis import knowledge
from hepaxis.population import solved_tau
from hepaxis.problems import InputError, error
from hepaxis.trial.chunk_work import PEOPLE_PER_DRAW, Chunk
from hepaxis.trial.screening import Screen, Task

UNFINISHED, LOCK = ".unfinished", ".lock"
SHORT = 16  # characters of a hash that name a folder


@dataclass(frozen=True)
class Journal:
    """Finished chunks below ``folder``; numbers count tasks from 0."""

    folder: Path

    @classmethod
    def of(cls, out: Path, screen: Screen) -> Journal:
        """The journal of this screen's work in ``out``.  Raises OSError."""
        whole = out / UNFINISHED
        mine = whole / _key(screen)
        for other in whole.iterdir() if whole.is_dir() else ():
            if other != mine:
                shutil.rmtree(other, ignore_errors=True)
        mine.mkdir(parents=True, exist_ok=True)
        for left in mine.glob(".*"):
            left.unlink()
        return cls(mine)

    def keep(self, number: int, task: Task, chunk: Chunk) -> None:
        """Raises OSError, leaving nothing that could be taken for a chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.BufferOutputStream()
        if len(chunk.rows):
            pq.write_table(pa.Table.from_pandas(chunk.rows, preserve_index=False), rows)
        content = rows.getvalue().to_pybytes()
        record = {
            "rows": hashlib.sha256(content).hexdigest(),
            "task": [int(patient) for patient in task.patients],
            "enrolled": [int(patient) for patient in chunk.enrolled],
            "lost": [list(one) for one in chunk.lost],
            "failed": [list(one) for one in chunk.failed],
        }
        text = json.dumps(record)
        mark = hashlib.sha256(text.encode()).hexdigest()
        _put(self._path(number, "parquet"), content)
        _put(self._path(number, "json"), f"{mark}\n{text}\n".encode())

    def size(self, number: int) -> int | None:
        """Patients of a chunk's task; None where there is no whole record."""
        record = self._record(number)
        return None if record is None else len(record["task"])

    def read(self, number: int, task: Task) -> Chunk | None:
        """The chunk, where it is whole and of the same patients."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        record = self._record(number)
        if record is None or record["task"] != [int(patient) for patient in task.patients]:
            return None
        try:
            content = self._path(number, "parquet").read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != record["rows"]:
            return None
        rows = pq.read_table(pa.BufferReader(content)).to_pandas() if content else pd.DataFrame()
        lost = tuple((int(patient), str(why)) for patient, why in record["lost"])
        failed = tuple((int(patient), str(arm)) for patient, arm in record["failed"])
        return Chunk(rows, np.array(record["enrolled"], dtype=int), lost, failed)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Throw the work away when the run is finished; else keep it, and no folder where there is none."""
        if kind is None:
            shutil.rmtree(self.folder.parent, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()
            self.folder.parent.rmdir()

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"chunk-{number:06d}.{suffix}"

    def _record(self, number: int) -> dict[str, Any] | None:
        try:
            mark, text = self._path(number, "json").read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return None
        if hashlib.sha256(text.encode()).hexdigest() != mark:
            return None
        found: dict[str, Any] = json.loads(text)
        return found


def _key(screen: Screen) -> str:
    parts = (
        repr(replace(screen.design, n=1)),  # how many patients are wanted moves none of them
        str(screen.prior.statement()),
        knowledge.content_hash(),
        repr(solved_tau()),
        hepaxis.__version__,
        str(PEOPLE_PER_DRAW),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:SHORT]


def _put(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """While it lasts no other run writes ``out``.  Raises InputError where one does, OSError where it cannot be made.

    Where the system has no file locks (Windows), nothing is held.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = out / LOCK
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):  # its owner has just left and removed it
                raise BlockingIOError
        except OSError:
            hint = "wait for it, stop it, or give another folder"
            raise InputError([error("trial.busy", "another run writes this folder", hint, file=str(out))]) from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
