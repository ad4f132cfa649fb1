"""The assembled model on disk, so that Antimony and libSBML are not asked again about files they have read.

An entry is JSON under the hash of every file of this room, of the knowledge tables and of the versions that assemble;
it is written whole or not at all, and one that is damaged is as good as none.  Every number keeps all its bits.
What is refused is never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from hepaxis import knowledge, user_cache

# Environment variable that names another folder; "off" keeps nothing.
ENVIRONMENT = "HEPAXIS_AXIS_CACHE"
ASSEMBLERS = ("antimony", "python-libsbml", "pandas", "numpy")
MOST_ENTRIES = 16
TUPLES = "tuples"


def folder() -> Path | None:
    """Where entries are kept, None when that is switched off or there is no home."""
    return user_cache.folder(ENVIRONMENT, "axis")


def key(home: Path) -> str:
    """Hash of all that the assembled model of a folder depends on."""
    digest = hashlib.sha256(knowledge.content_hash().encode())
    for name in ASSEMBLERS:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}\n".encode())
    here = Path(__file__).parent
    for root, pattern in ((here, "*.py"), (home, "*.ant"), (home, "*.csv")):
        for path in sorted(root.rglob(pattern)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def read(name: str) -> dict[str, Any] | None:
    """Fields of a model by name, None where there is no sound entry."""
    where = folder()
    if where is None:
        return None
    try:
        digest, _, body = (where / f"{name}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    return {field: _unpacked(value) for field, value in json.loads(body).items()}


def write(name: str, model: Any) -> None:
    """Keep a model (a dataclass of text, tuples and tables); where that cannot be written nothing is wrong."""
    where = folder()
    if where is None:
        return
    body = json.dumps({field.name: _packed(getattr(model, field.name)) for field in fields(model)}).encode()
    user_cache.keep(where, f"{name}.json", hashlib.sha256(body).hexdigest().encode() + b"\n" + body, MOST_ENTRIES)


def _packed(value: Any) -> Any:
    if not isinstance(value, pd.DataFrame):
        return value
    return {
        "index": value.index.tolist(),
        "name": value.index.name,
        "columns": [
            [str(name), TUPLES if _holds_tuples(column) else str(column.dtype), column.tolist()]
            for name, column in value.items()
        ],
    }


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    index = pd.Index(value["index"], name=value["name"])
    columns = {
        name: pd.Series([tuple(cell) for cell in cells], index, dtype=object)
        if kind == TUPLES
        else pd.Series(cells, index, dtype=kind)
        for name, kind, cells in value["columns"]
    }
    return pd.DataFrame(columns, index=index)


def _holds_tuples(column: pd.Series) -> bool:
    return bool(column.map(lambda cell: isinstance(cell, tuple)).any())
