"""Compiled code (and systems read) on disk: one file an entry, written whole or not at all, checked when read.

An entry is magic, SHA-256 of the rest, length of the JSON header, header, content.  Two processes may write the
same entry at once: each writes its own temporary file and moves it into place.  A damaged entry is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MAGIC = b"hepaxis-engine-1"
DIGEST = 32
LENGTH = 8
# Environment variable that names another folder; "off" keeps nothing.
ENVIRONMENT = "HEPAXIS_ENGINE_CACHE"
MOST_ENTRIES = 64
CODE = "code"


def folder() -> Path | None:
    """Where entries are kept, None when caching is off."""
    chosen = os.environ.get(ENVIRONMENT)
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
    return base / "hepaxis" / "engine"


def read(key: str, kind: str = CODE) -> tuple[dict[str, Any], bytes] | None:
    """(header, content), None where there is no sound entry."""
    where = folder()
    if where is None:
        return None
    try:
        data = (where / f"{key}.{kind}").read_bytes()
    except OSError:
        return None
    start = len(MAGIC) + DIGEST
    body = data[start:]
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(body).digest() != data[len(MAGIC) : start]:
        return None
    size = int.from_bytes(body[:LENGTH], "little")
    return json.loads(body[LENGTH : LENGTH + size]), body[LENGTH + size :]


def write(key: str, header: dict[str, Any], content: bytes, kind: str = CODE) -> None:
    """Keep an entry; where the folder cannot be written, nothing is kept and nothing is wrong."""
    where = folder()
    if where is None:
        return
    text = json.dumps(header).encode()
    body = len(text).to_bytes(LENGTH, "little") + text + content
    with contextlib.suppress(OSError):
        where.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=where, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(MAGIC + hashlib.sha256(body).digest() + body)
            os.replace(temporary, where / f"{key}.{kind}")
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _thin(where, kind)


def _thin(where: Path, kind: str) -> None:
    """Of each kind only the entries written last are kept."""
    entries = sorted(where.glob(f"*.{kind}"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[MOST_ENTRIES:]:
        with contextlib.suppress(OSError):
            old.unlink()
