"""Rows of a trial on disk: Parquet parts and a manifest, whole or not at all.

Held: parts are written into a folder beside the final one and moved when the last is there, so that an interrupted run
leaves what was there before.  A part holds a fixed number of patients, so that the files are the same bytes however the
work was cut.  Each file of a reading is opened only while it is read.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd

from hepaxis.problems import InputError, error

PARTS, MANIFEST, OLD = "parts", "manifest.json", ".old"
PATIENTS = 500  # of a part


class PartWriter:
    """Writes parts in order; ``finish`` puts them and the manifest in place.  For a ``with``, alone in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._new = folder / f".{PARTS}.{secrets.token_hex(4)}"
        self._count = 0
        self._waiting: list[pd.DataFrame] = []

    def __enter__(self) -> PartWriter:
        for left in self.folder.glob(f".{PARTS}.*"):  # of a run that was killed
            if left.name.endswith(OLD) and not (self.folder / PARTS).exists():
                left.rename(self.folder / PARTS)
            else:
                shutil.rmtree(left, ignore_errors=True)
        self._new.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._new, ignore_errors=True)

    def write(self, rows: pd.DataFrame) -> None:
        """Further rows, as ``docs/trial.md`` says, in order of patient."""
        if not len(rows):
            return
        whole = pd.concat([*self._waiting, rows], ignore_index=True)
        place = pd.factorize(whole["patient"])[0]
        full = (int(place[-1]) + 1) // PATIENTS  # the last patient's rows come in one piece
        for part in range(full):
            self._write(whole[place // PATIENTS == part])
        rest = whole[place // PATIENTS == full]
        self._waiting = [rest] if len(rest) else []

    def _write(self, rows: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._new / f"part-{self._count:05d}.parquet"
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)
        self._count += 1

    def finish(self, manifest: dict[str, Any]) -> None:
        """Put the parts in the place of earlier ones, then the manifest.  Raises OSError."""
        for rest in self._waiting:
            self._write(rest)
        old = self.folder / f".{PARTS}.{secrets.token_hex(4)}{OLD}"
        (self.folder / MANIFEST).unlink(missing_ok=True)
        if (self.folder / PARTS).exists():
            (self.folder / PARTS).rename(old)
        self._new.rename(self.folder / PARTS)
        shutil.rmtree(old, ignore_errors=True)
        write_json(self.folder / MANIFEST, manifest)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """JSON without NaN, written beside and renamed.  Raises OSError."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        new.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises InputError where the folder holds no finished run."""
    path = folder / MANIFEST
    if not path.is_file():
        hint = "give the folder that `hepaxis trial run` wrote"
        raise InputError([error("trial.no_run", "no finished trial here", hint, file=str(folder))])
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def part_files(folder: Path) -> tuple[Path, ...]:
    """Parts in order."""
    return tuple(sorted((folder / PARTS).glob("part-*.parquet")))


def read_parts(folder: Path, columns: Sequence[str], arm: str | None = None) -> Iterator[pd.DataFrame]:
    """Some columns, a part at a time; of one arm where it is named."""
    import pyarrow.parquet as pq

    wanted = list(dict.fromkeys(columns if arm is None else [*columns, "arm"]))
    for path in part_files(folder):
        table = pq.read_table(path, columns=wanted).to_pandas()
        yield table if arm is None else table[table["arm"] == arm].reset_index(drop=True)


def read_rows(folder: Path, columns: Sequence[str], arm: str | None = None) -> pd.DataFrame:
    """Some columns of all parts together."""
    return pd.concat(list(read_parts(folder, columns, arm)), ignore_index=True)
