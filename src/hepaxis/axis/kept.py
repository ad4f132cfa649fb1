"""The assembled model on disk, so that Antimony and libSBML are not asked again about files they have read.

Shipped with the package (``assembled.json.gz``, written by tools/ship_model.py): the model of a release, with the hash
of every file of this room and of the knowledge tables it was assembled and checked from.  It is used only where that
hash is today's.  A model that has been changed since is kept in the user's cache folder, as JSON under that hash and
the versions that assemble; an entry is written whole or not at all, and one that is damaged is as good as none.
Every number keeps all its bits.  What is refused is never kept.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import zlib
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
SHIPPED = "assembled.json.gz"


def folder() -> Path | None:
    """Where entries are kept, None when that is switched off or there is no home."""
    return user_cache.folder(ENVIRONMENT, "axis")


def sources(home: Path) -> str:
    """Hash of every file the assembled model of a folder depends on, whatever their line ends."""
    digest = hashlib.sha256(knowledge.content_hash().encode())
    here = Path(__file__).parent
    for root, pattern in ((here, "*.py"), (home, "*.ant"), (home, "*.csv")):
        for path in sorted(root.rglob(pattern)):
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def key(made_of: str) -> str:
    """Name of a kept entry: the hash of its sources and of the versions that assemble."""
    digest = hashlib.sha256(made_of.encode())
    for name in ASSEMBLERS:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()


def shipped(home: Path, made_of: str) -> dict[str, Any] | None:
    """Fields of the shipped model by name, None where it is missing, damaged or not made of these sources."""
    try:
        content = json.loads(gzip.decompress((home / SHIPPED).read_bytes()))
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    if content["sources"] != made_of:
        return None
    return {field: _unpacked(value) for field, value in content["model"].items()}


def ship(home: Path, made_of: str, model: Any) -> None:
    """Write the model that is shipped."""
    content = json.dumps({"sources": made_of, "model": _fields(model)}).encode()
    (home / SHIPPED).write_bytes(gzip.compress(content, mtime=0))


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
    body = json.dumps(_fields(model)).encode()
    user_cache.keep(where, f"{name}.json", hashlib.sha256(body).hexdigest().encode() + b"\n" + body, MOST_ENTRIES)


def _fields(model: Any) -> dict[str, Any]:
    return {field.name: _packed(getattr(model, field.name)) for field in fields(model)}


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
