"""The workspace: one folder with patients, runs and the job store, used by one process at a time.

Held: every name below it is made here from random hex digits, so nothing a user typed becomes a path, and no address
in the browser tells of a patient.  One process holds the workspace: a lock that the system takes back when the process
dies, however it dies.  A run's folder appears whole: it is written beside and then renamed.
"""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from hepaxis.problems import InputError, error
from hepaxis.server.store import Store

PATIENTS, RUNS, PARTS = "patients", "runs", ".parts"
STORE, LOCK = "jobs.sqlite", "lock.sqlite"
KNOWN = {PATIENTS, RUNS, PARTS, STORE, LOCK}
ID = re.compile(r"[0-9a-f]{12}")
MODE = 0o700  # patients' data: for the user who runs it alone


def new_id() -> str:
    return secrets.token_hex(6)


@dataclass(frozen=True)
class Workspace:
    """``root`` and the open store; ``close`` gives the workspace back."""

    root: Path
    store: Store
    lock: sqlite3.Connection

    def patient(self, id: str) -> Path:
        """Folder of a patient.  Raises KeyError for what is not an id."""
        return self._below(PATIENTS, id)

    def run(self, id: str) -> Path:
        return self._below(RUNS, id)

    def part(self, id: str) -> Path:
        """Where a run is written before it is whole."""
        return self._below(PARTS, id)

    def _below(self, kind: str, id: str) -> Path:
        if not ID.fullmatch(id):
            raise KeyError(id)
        return self.root / kind / id

    def clear_parts(self, kept: frozenset[str] = frozenset()) -> None:
        """What was being written when a process died: none of it is a run.  ``kept``: jobs that will go on there."""
        for path in (self.root / PARTS).iterdir():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file():
                path.unlink(missing_ok=True)

    def delete_run(self, id: str) -> None:
        shutil.rmtree(self.run(id), ignore_errors=True)
        shutil.rmtree(self.part(id), ignore_errors=True)
        self.store.delete_job(id)

    def delete_patient(self, id: str) -> None:
        """The patient and every run of theirs."""
        for job in self.store.jobs(subject=id):
            self.delete_run(job.id)
        shutil.rmtree(self.patient(id), ignore_errors=True)
        self.store.delete_patient(id)

    def purge(self) -> tuple[int, int]:
        """Everything of every patient and run, the store's free pages included; returns (patients, runs) removed."""
        counts = len(self.store.patients()), len(self.store.jobs())
        for kind in (PATIENTS, RUNS, PARTS):
            shutil.rmtree(self.root / kind, ignore_errors=True)
            (self.root / kind).mkdir(mode=MODE)
        self.store.purge()
        return counts

    def close(self) -> None:
        self.store.close()
        self.lock.close()


def open_workspace(root: Path, *, make: bool = True) -> Workspace:
    """Take the workspace.

    Raises InputError when another process holds it, when the folder holds other things, or (``make`` False) when there
    is none; OSError when it cannot be written.
    """
    if not root.is_dir():
        if not make:
            hint = "give the folder that `hepaxis serve` was started with"
            raise InputError([error("workspace.none", "there is no workspace here", hint, file=str(root))])
        root.mkdir(mode=MODE, parents=True)
    there = {path.name for path in root.iterdir()}
    if there and STORE not in there and (not make or there - KNOWN):
        hint = "give an empty folder or one that `hepaxis serve` made"
        raise InputError([error("workspace.other", "this folder holds other things", hint, file=str(root))])
    lock = _locked(root)
    for kind in (PATIENTS, RUNS, PARTS):
        (root / kind).mkdir(mode=MODE, exist_ok=True)
    try:
        return Workspace(root, Store(root / STORE), lock)
    except BaseException:
        lock.close()
        raise


def _locked(root: Path) -> sqlite3.Connection:
    """Held by an exclusive transaction, which ends with the process on every system."""
    connection = sqlite3.connect(root / LOCK, timeout=0, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as fault:
        connection.close()
        if "locked" not in str(fault):
            raise OSError(f"{fault} ({root})") from None
        hint = "stop the other hepaxis that uses this workspace, or give another --workspace"
        raise InputError([error("workspace.busy", "the workspace is in use", hint, file=str(root))]) from None
    return connection
