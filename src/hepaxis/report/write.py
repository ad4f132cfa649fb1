"""Writes a run's report.html and plan.json, whole or not at all.

Both texts are made first, written beside their targets and only then moved over them; if a move fails, what stood
there before is put back.  A reader of the folder never finds half a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from hepaxis.plan.schema import Plan
from hepaxis.problems import InputError, error

from .page import render
from .serialise import dump_plan

REPORT, PLAN = "report.html", "plan.json"


def write_whole(folder: Path, texts: dict[str, str]) -> tuple[Path, ...]:
    """Write every named text into ``folder`` (made if missing), or none of them.  Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in texts:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, f"{name} is a folder", str(folder / name))
    mark = secrets.token_hex(4)
    new = {name: folder / f".{name}.{mark}.new" for name in texts}
    old = {name: folder / f".{name}.{mark}.old" for name in texts}
    moved: list[str] = []
    try:
        for name, text in texts.items():
            with new[name].open("w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        for name in texts:
            if (folder / name).exists():
                (folder / name).replace(old[name])
            moved.append(name)
            new[name].replace(folder / name)
    except BaseException:
        for name in moved:
            if old[name].exists():
                old[name].replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        raise
    finally:
        for leftover in (*new.values(), *old.values()):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
    return tuple(folder / name for name in texts)


def write(plan: Plan, folder: Path | str) -> tuple[Path, Path]:
    """Write ``report.html`` and ``plan.json`` into ``folder``; returns their paths.

    Raises InputError when the plan holds numbers JSON cannot (nothing is written) or the folder cannot be written.
    """
    texts = {REPORT: render(plan), PLAN: dump_plan(plan)}
    try:
        report, document = write_whole(Path(folder), texts)
    except OSError as fault:
        raise InputError(
            [
                error(
                    "report.cannot_write",
                    f"{fault.strerror or fault} ({Path(folder).name})",
                    "Give a folder that can be written; nothing was changed.",
                    file=str(folder),
                )
            ]
        ) from None
    return report, document
