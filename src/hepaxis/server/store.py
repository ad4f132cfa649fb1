"""The job store: patients, jobs and sessions in one SQLite file, the only memory that outlives the server.

Held: every change is one transaction, on disk before it is told to anybody, so a kill leaves the old or the new state.
A job's row holds what is needed to run it again: kind, request and seed.  Sessions are kept as hashes.
Deleted rows are overwritten (``secure_delete``).
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hepaxis.problems import InputError, error

VERSION = 1
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
OPEN_STATES = (QUEUED, RUNNING)
TABLES = """
CREATE TABLE IF NOT EXISTS patients (
    id TEXT PRIMARY KEY, label TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, title TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, done REAL NOT NULL DEFAULT 0, total REAL NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
    problems TEXT NOT NULL DEFAULT '[]', digest TEXT NOT NULL DEFAULT '', replay_of TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL, started REAL, finished REAL);
CREATE TABLE IF NOT EXISTS sessions (hash TEXT PRIMARY KEY, created REAL NOT NULL);
"""


@dataclass(frozen=True)
class PatientRow:
    """``label``: the name the sheet gives, shown on pages and never in an address."""

    id: str
    label: str
    created: float


@dataclass(frozen=True)
class Job:
    """One piece of long work and, once done, a run.

    subject     id of the patient, or ''
    done, total steps so far and in all (0: not known); ``note``: what is being done
    problems    of a job that failed, as ``Problem.as_dict``
    digest      SHA-256 of the result without its date: equal digests are equal results
    """

    id: str
    kind: str
    subject: str
    title: str
    request: dict[str, Any]
    state: str
    done: float
    total: float
    note: str
    problems: list[dict[str, Any]]
    digest: str
    replay_of: str
    created: float
    started: float | None
    finished: float | None

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES


class Store:
    """Thread-safe; one connection, one writer."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}")
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                hint = "use the hepaxis that made this workspace, or give another --workspace"
                raise InputError([error("workspace.newer", f"store of version {found}", hint, file=str(path))])
            self._db.executescript(TABLES)
            self._db.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.DatabaseError as fault:
            self._db.close()
            if isinstance(fault, sqlite3.OperationalError):  # disk full, read-only
                raise OSError(f"{fault} ({path.name})") from None
            hint = "move the file away to begin anew; the runs beside it stay"
            raise InputError([error("workspace.damaged", f"not a job store: {fault}", hint, file=str(path))]) from None
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _write(self, sql: str, values: tuple[Any, ...] = ()) -> int:
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def _read(self, sql: str, values: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    # patients
    def add_patient(self, id: str, label: str) -> None:
        self._write("INSERT INTO patients VALUES (?, ?, ?)", (id, label, time.time()))

    def label_patient(self, id: str, label: str) -> None:
        self._write("UPDATE patients SET label = ? WHERE id = ?", (label, id))

    def patients(self) -> list[PatientRow]:
        """Newest first."""
        return [PatientRow(**dict(row)) for row in self._read("SELECT * FROM patients ORDER BY created DESC, id")]

    def patient(self, id: str) -> PatientRow:
        """Raises KeyError."""
        rows = self._read("SELECT * FROM patients WHERE id = ?", (id,))
        if not rows:
            raise KeyError(id)
        return PatientRow(**dict(rows[0]))

    def delete_patient(self, id: str) -> None:
        self._write("DELETE FROM patients WHERE id = ?", (id,))

    # jobs
    def add_job(
        self, id: str, kind: str, request: dict[str, Any], *, subject: str = "", title: str = "", replay_of: str = ""
    ) -> Job:
        self._write(
            "INSERT INTO jobs (id, kind, subject, title, request, state, replay_of, created) VALUES (?,?,?,?,?,?,?,?)",
            (id, kind, subject, title, json.dumps(request, sort_keys=True), QUEUED, replay_of, time.time()),
        )
        return self.job(id)

    def job(self, id: str) -> Job:
        """Raises KeyError."""
        rows = self._read("SELECT * FROM jobs WHERE id = ?", (id,))
        if not rows:
            raise KeyError(id)
        return _job(rows[0])

    def jobs(self, *, kind: str = "", subject: str | None = None, state: str = "") -> list[Job]:
        """Newest first."""
        where, values = ["1"], []
        for column, value in (("kind", kind), ("state", state)):
            if value:
                where.append(f"{column} = ?")
                values.append(value)
        if subject is not None:
            where.append("subject = ?")
            values.append(subject)
        sql = f"SELECT * FROM jobs WHERE {' AND '.join(where)} ORDER BY created DESC, id"
        return [_job(row) for row in self._read(sql, tuple(values))]

    def next_queued(self) -> Job | None:
        rows = self._read("SELECT * FROM jobs WHERE state = ? ORDER BY created, id LIMIT 1", (QUEUED,))
        return _job(rows[0]) if rows else None

    def start(self, id: str) -> bool:
        """Whether the job was still waiting, and is now running."""
        sql = "UPDATE jobs SET state = ?, started = ?, done = 0, note = '' WHERE id = ? AND state = ?"
        return self._write(sql, (RUNNING, time.time(), id, QUEUED)) == 1

    def requeue(self, id: str) -> None:
        self._write("UPDATE jobs SET state = ?, done = 0, note = 'started again' WHERE id = ?", (QUEUED, id))

    def progress(self, id: str, done: float, total: float, note: str) -> None:
        sql = "UPDATE jobs SET done = ?, total = ?, note = ? WHERE id = ? AND state = ?"
        self._write(sql, (done, total, note, id, RUNNING))

    def finish(
        self, id: str, state: str, *, note: str = "", problems: list[dict[str, Any]] | None = None, digest: str = ""
    ) -> bool:
        """Whether the job was open; a job that is over stays as it ended."""
        sql = (
            "UPDATE jobs SET state = ?, note = ?, problems = ?, digest = ?, finished = ? "
            "WHERE id = ? AND state IN (?, ?)"
        )
        values = (state, note, json.dumps(problems or []), digest, time.time(), id, *OPEN_STATES)
        return self._write(sql, values) == 1

    def delete_job(self, id: str) -> None:
        self._write("DELETE FROM jobs WHERE id = ?", (id,))

    def expected_steps(self, kind: str) -> float:
        """Steps of the last job of this kind that came to its end; 0 where there is none."""
        rows = self._read(
            "SELECT done FROM jobs WHERE kind = ? AND state = ? ORDER BY finished DESC LIMIT 1", (kind, DONE)
        )
        return float(rows[0]["done"]) if rows else 0.0

    # sessions
    def add_session(self, hash: str, lasts: float) -> None:
        self._write("DELETE FROM sessions WHERE created < ?", (time.time() - lasts,))
        self._write("INSERT INTO sessions VALUES (?, ?)", (hash, time.time()))

    def has_session(self, hash: str, lasts: float) -> bool:
        sql = "SELECT 1 FROM sessions WHERE hash = ? AND created >= ?"
        return bool(self._read(sql, (hash, time.time() - lasts)))

    def purge(self) -> None:
        with self._lock:
            self._db.executescript("BEGIN; DELETE FROM jobs; DELETE FROM patients; COMMIT;")
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    return Job(**{**values, "request": json.loads(values["request"]), "problems": json.loads(values["problems"])})
