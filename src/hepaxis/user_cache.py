"""The user's cache folder: where a room keeps what it can make again, one file an entry, written whole or not at all.

Two processes may write the same entry at once: each writes its own temporary file and moves it into place.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path


def folder(environment: str, room: str) -> Path | None:
    """Folder of a room's entries; None when switched off or there is no home.

    environment  variable that names another folder; "off" keeps nothing
    """
    chosen = os.environ.get(environment)
    if chosen:
        return None if chosen == "off" else Path(chosen)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", home / ".cache"))
    return base / "hepaxis" / room


def keep(where: Path, name: str, content: bytes, most: int) -> None:
    """Keep an entry, and of its kind (the suffix) only the ``most`` written last.

    Where the folder cannot be written, nothing is kept and nothing is wrong.
    """
    with contextlib.suppress(OSError):
        where.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=where, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, where / name)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        entries = sorted(where.glob(f"*{Path(name).suffix}"), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in entries[most:]:
            with contextlib.suppress(OSError):
                old.unlink()
