"""A file as bytes and text, whatever its name says: gzip by magic, a cap on what it may expand to, text by trial.

Assumes a profile fits in memory.  The caps keep a damaged or hostile file from filling it: the largest public
table the readers were tried on is under 10 MB expanded.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hepaxis.problems import InputError, Problem, error, warning

MAX_EXPANDED_BYTES = 128 * 1024**2
"""Largest content read, after gzip.  Parsing takes about twelve times the text (measured: 80 MB of text, 0.94 GB), so
this keeps within 1.5 GB; the largest public table tried is 10 MB."""

_CHUNK = 4 * 1024**2
_GZIP = b"\x1f\x8b"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Source:
    """A file's expanded content.  ``name`` is the path as the user gave it; ``kind`` is text, json or hdf5."""

    path: Path
    name: str
    data: bytes
    kind: str
    compressed: bool

    @cached_property
    def text(self) -> str:
        """Decoded content with '\\n' line ends.  UTF-16 by its mark, else UTF-8, else Latin-1."""
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raw = self.data.decode("utf-16", errors="replace")
        else:
            try:
                raw = self.data.decode("utf-8-sig")
            except UnicodeDecodeError:
                raw = self.data.decode("latin-1")
        return raw.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def encoding_problems(self) -> tuple[Problem, ...]:
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return ()
        try:
            self.data.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            return (
                warning(
                    "profile.encoding",
                    f"the text is not UTF-8 (byte {fault.start}); it was read as Latin-1",
                    "save the file as UTF-8 if names look wrong",
                    file=self.name,
                ),
            )
        return ()


def open_source(path: str | Path) -> Source:
    """Read and expand a file.  Raises InputError: missing, empty, too large, damaged, binary, a spreadsheet."""
    place = Path(path)
    name = str(path)
    try:
        if place.is_dir():
            _refuse("profile.is_folder", "this is a folder", "give one profile file", name)
        size = place.stat().st_size
        if size > MAX_EXPANDED_BYTES:
            _refuse_size(name)
        data = place.read_bytes()
    except (OSError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        reason = getattr(fault, "strerror", None) or str(fault)
        _refuse("profile.unreadable", f"the file cannot be read: {reason}", "check the path and its permissions", name)
    compressed = data[:2] == _GZIP
    if compressed:
        data = _expand(data, name)
    return Source(place, name, data, _kind(data, name), compressed)


def _expand(data: bytes, name: str) -> bytes:
    parts: list[bytes] = []
    total = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while part := stream.read(_CHUNK):
                total += len(part)
                if total > MAX_EXPANDED_BYTES:
                    _refuse_size(name)
                parts.append(part)
    except (OSError, EOFError, zlib.error) as fault:
        _refuse(
            "profile.gzip_damaged", f"the gzip stream is damaged ({fault})", "copy or compress the file again", name
        )
    return b"".join(parts)


def _kind(data: bytes, name: str) -> str:
    if not data.strip():
        _refuse("profile.empty", "the file is empty", "give a taxonomic profile", name)
    if data[:8] == _HDF5:
        return "hdf5"
    if data[:2] == _GZIP:
        _refuse("profile.gzip_twice", "the file is compressed twice", "expand it once and try again", name)
    if data[:4] == _ZIP:
        what, hint = "a zip archive", "unpack it and give the table inside"
        if b"xl/" in data:
            what, hint = "a spreadsheet workbook", "save the sheet as CSV or TSV and give that"
        elif b"metadata.yaml" in data[:4096]:
            what, hint = "a QIIME 2 artifact", "run `qiime tools export` and give feature-table.biom and taxonomy.tsv"
        _refuse("profile.archive", f"the file is {what}", hint, name)
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff") and b"\x00" in data:
        _refuse(
            "profile.binary",
            "the file holds binary data of no known kind",
            "give a text table, gzip or BIOM file",
            name,
        )
    return "json" if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else "text"


def _refuse(code: str, found: str, hint: str, name: str) -> None:
    raise InputError([error(code, found, hint, file=name)])


def _refuse_size(name: str) -> None:
    _refuse(
        "profile.too_large",
        f"the content is larger than {MAX_EXPANDED_BYTES // 1024**2} MB when expanded",
        "give the taxonomic profile, not reads or alignments; or split the table by sample",
        name,
    )
