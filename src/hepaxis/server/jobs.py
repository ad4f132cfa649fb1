"""The job room: takes queued jobs from the store, runs each in a child, and writes down what it says.

Held: a job is in the store before it is begun, so a reload or a restart of the server finds it; what was running when
the server died is begun again from its request, with the same seed; a trial goes on from its last whole chunk.  A run's
folder is renamed into place before the store says that it is done; a death between the two is mended at the next start.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from multiprocessing import connection as channels
from typing import Any

from hepaxis.problems import error
from hepaxis.server import children, kinds
from hepaxis.server.children import Child
from hepaxis.server.store import CANCELLED, DONE, FAILED, RUNNING, Job
from hepaxis.server.workspace import Workspace, new_id

MEMORY = 12 * children.GIGABYTE  # address space of a job; a plan of 1800 lanes takes a tenth
LISTEN = 1.0  # seconds between looks at the queue when nothing is heard


class Jobs:
    """``slots`` jobs at a time.  ``start`` and ``stop`` from the thread of the server."""

    def __init__(self, workspace: Workspace, slots: int = 1) -> None:
        self.workspace = workspace
        self.store = workspace.store
        self.slots = slots
        self._running: dict[str, Child] = {}
        self._lock = threading.RLock()
        self._stopping = False
        self._wake, self._woken = children.context().Pipe()
        self._thread = threading.Thread(target=self._serve, name="hepaxis-jobs", daemon=True)

    def start(self) -> None:
        self._recover()
        self._thread.start()

    def stop(self) -> None:
        """End the children; their jobs are begun again at the next start."""
        self._stopping = True
        self._stir()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            for id, child in self._running.items():
                child.kill()
                self.store.requeue(id)
            self._running.clear()
        self._wake.close()
        self._woken.close()

    def submit(
        self, kind: str, request: dict[str, Any], *, subject: str = "", title: str = "", replay_of: str = ""
    ) -> Job:
        job = self.store.add_job(new_id(), kind, request, subject=subject, title=title, replay_of=replay_of)
        self._stir()
        return job

    def replay(self, id: str) -> Job:
        """The same work again, to be compared with what it gave.  Raises KeyError."""
        old = self.store.job(id)
        return self.submit(old.kind, old.request, subject=old.subject, title=old.title, replay_of=old.id)

    def cancel(self, id: str) -> bool:
        """Whether the job was open; nothing of it is left.  Raises KeyError for an unknown job."""
        self.store.job(id)
        was_open = self.store.finish(id, CANCELLED, note="cancelled; nothing was written")
        with self._lock:
            child = self._running.pop(id, None)
        if child is not None:
            child.kill()
        self._clear(id)
        self._stir()
        return was_open

    def _stir(self) -> None:
        with suppress(OSError):
            self._wake.send_bytes(b"!")

    def _recover(self) -> None:
        for job in self.store.jobs(state=RUNNING):
            if self.workspace.run(job.id).is_dir():
                self.store.finish(job.id, DONE, digest=kinds.digest(job.kind, self.workspace.run(job.id)))
            else:
                self.store.requeue(job.id)
        self.workspace.clear_parts(frozenset(job.id for job in self.store.jobs() if job.open))

    def _serve(self) -> None:
        while not self._stopping:
            self._begin()
            with self._lock:
                heard = {child.connection: id for id, child in self._running.items()}
            for ready in channels.wait([self._woken, *heard], timeout=LISTEN):
                if ready is self._woken:
                    self._woken.recv_bytes()
                else:
                    self._hear(heard[ready])  # type: ignore[index]

    def _begin(self) -> None:
        while not self._stopping:
            with self._lock:
                if len(self._running) >= self.slots:
                    return
                job = self.store.next_queued()
                if job is None or not self.store.start(job.id):
                    return
                self._running[job.id] = self._child(job)

    def _child(self, job: Job) -> Child:
        out = self.workspace.part(job.id)
        source = self.workspace.patient(job.subject) if job.subject else self.workspace.root
        payload = {
            "kind": job.kind,
            "request": job.request,
            "source": str(source),
            "out": str(out),
            "expected": self.store.expected_steps(job.kind),
        }
        return children.start(kinds.work, payload, out.parent, memory=MEMORY)

    def _hear(self, id: str) -> None:
        with self._lock:
            child = self._running.get(id)
        if child is None:
            return
        try:
            message = child.hear()
        except (EOFError, OSError, json.JSONDecodeError):
            child.process.join()
            found = f"the work stopped before its end (exit code {child.process.exitcode})"
            hint = "run it again; if it stops again, look at the memory of the machine"
            message = {"end": FAILED, "problems": [error("work.stopped", found, hint).as_dict()]}
        if "progress" in message:
            self.store.progress(id, *message["progress"])
            return
        with self._lock:
            ours = self._running.pop(id, None) is not None
        child.kill()
        if ours:
            self._end(id, message)

    def _end(self, id: str, message: dict[str, Any]) -> None:
        job = self.store.job(id)
        problems = message.get("problems", [])
        if message["end"] == DONE:
            try:
                self.workspace.part(id).rename(self.workspace.run(id))
                self.store.finish(id, DONE, digest=kinds.digest(job.kind, self.workspace.run(id)))
                return
            except OSError as fault:
                hint = "look at the free space and the rights of the workspace"
                problems = [error("work.disk", f"cannot keep the run: {fault.strerror}", hint).as_dict()]
        self._clear(id)
        self.store.finish(id, FAILED, note="failed; nothing was written", problems=problems)

    def _clear(self, id: str) -> None:
        import shutil

        shutil.rmtree(self.workspace.part(id), ignore_errors=True)
