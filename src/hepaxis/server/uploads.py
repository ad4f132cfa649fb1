"""What may come in: how many files, how large, how far they may expand, and under which names they are kept.

Held: a name is cut to letters, digits, dot, dash and underscore before it becomes one below the workspace; a packed
file is unpacked once, for counting only, and refused when it grows past the limit; a folder on this machine is copied
under the same limits.  Nothing is parsed here: that happens in a limited child.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hepaxis.problems import InputError, Problem, error

MEGABYTE = 1 << 20
MOST_FILES = 24
MOST_BYTES = 64 * MEGABYTE  # of one request; a merged profile of a thousand samples takes 10
MOST_EXPANDED = 256 * MEGABYTE  # of one packed file
MOST_NAME = 80
BLOCK = 1 << 18
PACKED = (b"\x1f\x8b",)  # gzip; other packings are not read anywhere
ARCHIVES = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}
RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Incoming:
    """A file as it came: the name it claims and its bytes."""

    name: str
    stream: BinaryIO


def safe_name(claimed: str) -> str:
    """The last part of a claimed path, of letters, digits, ``._-`` alone; '' when nothing is left."""
    last = unicodedata.normalize("NFKC", claimed).replace("\\", "/").rsplit("/", 1)[-1]
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", last).lstrip(".-_")
    if len(name) > MOST_NAME:
        stem, dot, suffix = name.rpartition(".")
        name = stem[: MOST_NAME - len(suffix) - 1] + dot + suffix if dot and len(suffix) < 12 else name[:MOST_NAME]
    return f"file_{name}" if RESERVED.match(name) else name


def keep(files: Iterable[Incoming], folder: Path) -> list[str]:
    """Write the files into ``folder`` (made anew), or none of them; returns the names kept.

    Raises InputError with every fault: too many, too large, too far expanded, no name, the same name twice.
    """
    problems: list[Problem] = []
    kept: list[str] = []
    left = MOST_BYTES
    folder.mkdir(mode=0o700, parents=True)
    try:
        for count, one in enumerate(files, start=1):
            if count > MOST_FILES:
                hint = f"give at most {MOST_FILES}: the sheet, the profile and what was measured"
                problems.append(error("upload.count", f"more than {MOST_FILES} files", hint))
                break
            name = safe_name(one.name)
            if not name or name.lower() in {other.lower() for other in kept}:
                found = f"the name '{name}' comes twice" if name else "a file without a usable name"
                problems.append(error("upload.name", found, "name files by letters, digits, dots and dashes"))
                continue
            fault, size = _write(one.stream, folder / name, left)
            left -= size
            kept.append(name)
            if fault is None:
                fault = _expanded(folder / name)
            if fault is not None:
                problems.append(fault)
                break
        if not kept and not problems:
            problems.append(error("upload.none", "no file came", "choose patient.yaml and a stool profile"))
        if problems:
            raise InputError(problems)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return kept


def _write(stream: BinaryIO, path: Path, left: int) -> tuple[Problem | None, int]:
    size = 0
    with path.open("xb") as target:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > left:
                hint = f"give at most {MOST_BYTES // MEGABYTE} MB together; one sample of a merged table is enough"
                return error("upload.size", "the files are too large", hint, file=path.name), size
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return None, size


def _expanded(path: Path) -> Problem | None:
    """A fault when the file is packed and cannot be, or must not be, unpacked."""
    with path.open("rb") as stream:
        head = stream.read(8)
    for mark, kind in ARCHIVES.items():
        if head.startswith(mark):
            hint = "unpack it and give the files in it; gzip is read as it is"
            return error("upload.archive", f"a {kind} archive", hint, file=path.name)
    if not head.startswith(PACKED):
        return None
    size = 0
    try:
        with closing(gzip.open(path, "rb")) as stream:
            while block := stream.read(BLOCK):
                size += len(block)
                if size > MOST_EXPANDED:
                    hint = "give the one sample that is meant, not packed"
                    found = f"it unpacks to more than {MOST_EXPANDED // MEGABYTE} MB"
                    return error("upload.expansion", found, hint, file=path.name)
    except (OSError, EOFError, zlib.error):
        return error("upload.packed", "the packed file is damaged", "pack it again, or give it plain", file=path.name)
    return None


def of_folder(path: str) -> Iterator[Incoming]:
    """The plain files of a folder on this machine; links and folders in it are left out.

    Raises InputError when it is none or cannot be read.
    """
    folder = Path(path).expanduser()
    if not path.strip() or not folder.is_absolute() or not folder.is_dir():
        found = "this is not a folder of this machine"
        raise InputError([error("upload.folder", found, "give its full path, from the root")])
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))
        for name in names:
            if not name.startswith("."):
                with (folder / name).open("rb") as stream:
                    yield Incoming(name, stream)
    except OSError as fault:
        found = f"the folder cannot be read: {fault.strerror}"
        raise InputError([error("upload.folder", found, "look at its rights")]) from None
