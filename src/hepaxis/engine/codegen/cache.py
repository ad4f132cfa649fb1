"""Compiled code (and systems read) on disk: one file an entry, written whole or not at all, checked when read.

An entry is magic, SHA-256 of the rest, length of the JSON header, header, content.  A damaged entry is as good as none.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from hepaxis import user_cache

MAGIC = b"hepaxis-engine-1"
DIGEST = 32
LENGTH = 8
# Environment variable that names another folder; "off" keeps nothing.
ENVIRONMENT = "HEPAXIS_ENGINE_CACHE"
MOST_ENTRIES = 64
CODE = "code"


def folder() -> Path | None:
    """Where entries are kept, None when caching is off."""
    return user_cache.folder(ENVIRONMENT, "engine")


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
    user_cache.keep(where, f"{key}.{kind}", MAGIC + hashlib.sha256(body).digest() + body, MOST_ENTRIES)
