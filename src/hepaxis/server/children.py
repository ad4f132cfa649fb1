"""Child processes that do the work: limited, silent, and never outliving the server.

Held: a child talks JSON over one pipe, writes below a folder it was given, and says nothing on the terminal (a message
of a library could hold a patient's values).  When the server dies, however it dies, the pipe ends and the child takes
its whole process group with it.  Children fork from a server that imported the rooms once, so a small question does
not pay for it; where the system has no such server they are spawned.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hepaxis.problems import InputError, error

PRELOAD = "hepaxis.server.preload"
GIGABYTE = 1 << 30
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # workers share the cores among themselves
PARENT_GONE = 3
Work = Callable[["Line", dict[str, Any]], None]


class Line:
    """The child's end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def say(self, **message: Any) -> None:
        with self._lock, suppress(OSError):
            self._connection.send_bytes(json.dumps(message, allow_nan=False).encode())

    def hear(self) -> dict[str, Any]:
        """The next question.  Raises EOFError when the server is gone."""
        heard: dict[str, Any] = json.loads(self._connection.recv_bytes())
        return heard

    def wait_for_the_end(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._connection.recv_bytes()
        with suppress(OSError, AttributeError):
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os._exit(PARENT_GONE)


@dataclass(frozen=True)
class Child:
    """The server's end."""

    process: BaseProcess
    connection: Connection

    def say(self, message: dict[str, Any]) -> None:
        self.connection.send_bytes(json.dumps(message).encode())

    def hear(self) -> dict[str, Any]:
        """The next message.  Raises EOFError when the child is gone."""
        heard: dict[str, Any] = json.loads(self.connection.recv_bytes())
        return heard

    def kill(self) -> None:
        """The child and all that it started, at once: what it was writing is not a run yet."""
        pid = self.process.pid
        if pid is not None:
            with suppress(OSError, AttributeError):
                if os.getpgid(pid) == pid:  # it has come as far as its own group
                    os.killpg(pid, signal.SIGKILL)
        with suppress(OSError, ValueError):
            self.process.kill()
        self.process.join()
        self.connection.close()


@cache
def context() -> BaseContext:
    """Forks of a prepared, single-threaded server where there is such a thing."""
    for name in THREADS:
        os.environ.setdefault(name, "1")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([PRELOAD])
    return made


def start(
    work: Work, payload: dict[str, Any], scratch: Path, *, memory: int | None = None, asks: bool = False
) -> Child:
    """Run ``work(line, payload)`` in a child.

    scratch: where its temporary files go; memory: bytes of address space; asks: the child listens for questions
    instead of watching for the end.
    """
    here, there = context().Pipe()
    process = context().Process(  # type: ignore[attr-defined]
        target=_entry, args=(work, payload, str(scratch), memory, asks, there)
    )
    process.start()
    there.close()
    return Child(process, here)


def _entry(
    work: Work, payload: dict[str, Any], scratch: str, memory: int | None, asks: bool, connection: Connection
) -> None:
    with suppress(OSError, AttributeError):
        os.setsid()
    _silence()
    tempfile.tempdir = scratch
    line = Line(connection)
    if not asks:
        threading.Thread(target=line.wait_for_the_end, daemon=True).start()
    try:
        _limit(memory)
        work(line, payload)
    except EOFError:
        pass
    except InputError as found:
        line.say(end="failed", problems=[problem.as_dict() for problem in found.problems])
    except MemoryError:
        hint = "give a smaller file, or run the command on a machine with more memory"
        line.say(end="failed", problems=[error("work.memory", "the work needs more memory", hint).as_dict()])
    except OSError as fault:
        hint = "look at the free space and the rights of the workspace; nothing was changed"
        said = f"cannot read or write: {fault.strerror or type(fault).__name__}"
        line.say(end="failed", problems=[error("work.disk", said, hint).as_dict()])
    except BaseException as fault:
        line.say(end="failed", problems=[unexpected(fault).as_dict()])
    with suppress(OSError):
        connection.close()
    os._exit(0)  # no clean-up of libraries: all that matters is written and told


def unexpected(fault: BaseException) -> Any:
    """A fault of ours as a problem: its type and place, never its message, which could hold a patient's values."""
    frames = traceback.extract_tb(fault.__traceback__)
    own = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames if "hepaxis" in frame.filename]
    place = " < ".join(reversed(own[-3:])) or "outside hepaxis"
    return error("work.unexpected", f"{type(fault).__name__} at {place}", "please report this line")


def _silence() -> None:
    with suppress(OSError, ValueError), Path(os.devnull).open("r+b") as nothing:
        for number in (0, 1, 2):
            os.dup2(nothing.fileno(), number)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (kept for the life of the process)


def _limit(memory: int | None) -> None:
    if memory is None:
        return
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
