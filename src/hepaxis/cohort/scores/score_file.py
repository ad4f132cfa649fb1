"""A score that the user brings: taxa, formula, cut-offs and source in one YAML file.

Held: every field is read or refused by name; a taxon is present where any of its names is in the table, its share is
the sum over them; what the table lacks is counted and named, never guessed.  Lists may stand in a table beside the file
(one taxon a row, its names in the cells, several in a cell parted by commas), as authors publish them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hepaxis.cohort.scores.formulas import collective_balance, presence_balance, weighted_sum
from hepaxis.problems import InputError, Problem, error
from hepaxis.profile.names import canonical

FORMULAS = ("presence_balance", "collective_balance", "weighted_sum")
SETS = ("favourable", "unfavourable")
FIELDS = {
    *("name", "source", "formula", "sets", "typical", "weights", "transform", "higher", "cut_offs", "classes"),
    *("grey_zone",),
}
GREY = {"class", "taxon", "above", "absent", "otherwise"}
HIGHER = ("response", "no_response")


@dataclass(frozen=True)
class GreyZone:
    """How one class is settled by a taxon: ``absent`` without it, ``above`` (share, class), else ``otherwise``."""

    grey: str
    taxon: tuple[str, ...]
    absent: str
    above: tuple[float, str]
    otherwise: str


@dataclass(frozen=True)
class Scored:
    """score (samples); classes (samples) or None; found: set -> taxa of the file that the table names, and its size;
    missing: taxa it does not name."""

    score: pd.Series
    classes: pd.Series | None
    found: dict[str, tuple[int, int]]
    missing: tuple[str, ...]

    @property
    def coverage(self) -> float:
        have, of = (sum(pair[i] for pair in self.found.values()) for i in (0, 1))
        return have / of if of else 0.0


@dataclass(frozen=True)
class Score:
    """A score as its file gives it.

    sets     set -> taxa, each a tuple of names; for ``weighted_sum`` one set 'weights'
    weights  of that set, in its order
    turn     1 where higher means response, -1 where it means none
    """

    name: str
    source: str
    formula: str
    sets: dict[str, tuple[tuple[str, ...], ...]]
    weights: tuple[float, ...] = ()
    transform: str = "presence"
    typical: dict[str, float] = field(default_factory=dict)
    turn: float = 1.0
    cut_offs: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    grey_zone: GreyZone | None = None

    def of_counts(self, favourable: np.ndarray, unfavourable: np.ndarray) -> np.ndarray:
        """The score from numbers of taxa present (presence balance only; ValueError otherwise)."""
        if self.formula != "presence_balance":
            raise ValueError(f"{self.formula} is not made of counts")
        return presence_balance(favourable, unfavourable, *(len(self.sets[name]) for name in SETS))

    def __call__(self, abundance: pd.DataFrame, lineages: pd.DataFrame) -> Scored:
        """Score samples x taxa (shares); lineages: taxa x ranks, whose species and strain cells are names too."""
        columns = _columns_by_name(abundance, lineages)
        shares, found, missing = {}, {}, []
        for name, taxa in self.sets.items():
            places = [sorted({c for alias in one for c in columns.get(canonical(alias), ())}) for one in taxa]
            values = abundance.to_numpy(float)
            shares[name] = np.column_stack([values[:, p].sum(1) for p in places]) if taxa else values[:, :0]
            found[name] = (sum(bool(p) for p in places), len(taxa))
            missing += [one[0] for one, p in zip(taxa, places, strict=True) if not p]
        score = pd.Series(self._score(shares), index=abundance.index, name=self.name)
        return Scored(score, self._classes(score, abundance, columns), found, tuple(missing))

    def _score(self, shares: Mapping[str, np.ndarray]) -> np.ndarray:
        if self.formula == "presence_balance":
            return self.of_counts(*((shares[name] > 0).sum(1) for name in SETS))
        if self.formula == "collective_balance":
            up, down = (shares[name] for name in SETS)
            return collective_balance(up, down, self.typical[SETS[0]], self.typical[SETS[1]])
        return weighted_sum(shares["weights"], np.array(self.weights), self.transform)

    def _classes(
        self, score: pd.Series, abundance: pd.DataFrame, columns: Mapping[str, tuple[int, ...]]
    ) -> pd.Series | None:
        if not self.classes:
            return None
        # a score on a cut-off is in the upper class
        found = np.array(self.classes, object)[np.searchsorted(self.cut_offs, score.to_numpy(float), side="right")]
        if self.grey_zone is not None:
            zone = self.grey_zone
            places = sorted({c for alias in zone.taxon for c in columns.get(canonical(alias), ())})
            share = abundance.to_numpy(float)[:, places].sum(1)
            settled = np.where(share <= 0, zone.absent, np.where(share > zone.above[0], zone.above[1], zone.otherwise))
            found = np.where(found == zone.grey, settled, found)
        return pd.Series(found, index=score.index, name=self.name)


def _columns_by_name(abundance: pd.DataFrame, lineages: pd.DataFrame) -> dict[str, tuple[int, ...]]:
    """Canonical name -> columns: a column's own name, its species and its strain."""
    found: dict[str, list[int]] = {}
    frame = lineages.reindex(abundance.columns)
    for place, taxon in enumerate(abundance.columns):
        names = {canonical(str(taxon))}
        for rank in ("species", "strain"):
            cell = frame[rank].iloc[place] if rank in frame else ""
            if isinstance(cell, str) and cell:
                names.add(canonical(cell))
        for name in names:
            found.setdefault(name, []).append(place)
    return {name: tuple(places) for name, places in found.items()}


def read_score(path: str | Path) -> Score:
    """Read a score file.  InputError with every problem found."""
    file = Path(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        hint = "give a YAML file as docs/cohort.md describes"
        raise InputError([error("score.unreadable", f"cannot be read: {fault}", hint, file=str(file))]) from None
    problems: list[Problem] = []
    reader = _Reader(file, problems)
    score = reader.score(content) if isinstance(content, Mapping) else None
    if score is None and not problems:
        reader.fault("score.shape", "the file is not a list of fields", "start with `name:`")
    if problems or score is None:
        raise InputError(problems)
    return score


@dataclass
class _Reader:
    file: Path
    problems: list[Problem]

    def fault(self, code: str, found: str, hint: str, column: str = "") -> None:
        self.problems.append(error(code, found, hint, file=str(self.file), column=column))

    def score(self, content: Mapping[str, Any]) -> Score | None:
        for name in sorted(set(map(str, content)) - FIELDS):
            self.fault("score.field", f"there is no field '{name}'", f"known: {', '.join(sorted(FIELDS))}", name)
        formula = self._word(content, "formula", FORMULAS)
        higher = self._word(content, "higher", HIGHER)
        for name in ("name", "source"):
            if not isinstance(content.get(name), str) or not content[name].strip():
                self.fault("score.missing", f"'{name}' is missing", "say what the score is and where it is from", name)
        sets, weights = self._taxa(content, formula)
        typical = self._typical(content) if formula == "collective_balance" else {}
        cuts, classes = self._cuts(content)
        zone = self._grey(content.get("grey_zone"), classes)
        transform = str(content.get("transform", "presence"))
        if transform not in ("presence", "share", "log10"):
            self.fault("score.transform", f"'{transform}'", "give presence, share or log10", "transform")
        if self.problems:
            return None
        return Score(
            str(content["name"]).strip(),
            str(content["source"]).strip(),
            formula,
            sets,
            weights,
            transform,
            typical,
            1.0 if higher == "response" else -1.0,
            cuts,
            classes,
            zone,
        )

    def _word(self, content: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
        word = str(content.get(name, ""))
        if word not in known:
            self.fault("score.word", f"{name} is '{word}'", f"give one of {', '.join(known)}", name)
        return word

    def _taxa(
        self, content: Mapping[str, Any], formula: str
    ) -> tuple[dict[str, tuple[tuple[str, ...], ...]], tuple[float, ...]]:
        if formula == "weighted_sum":
            table = content.get("weights")
            if not isinstance(table, Mapping) or not table or not all(_number(v) for v in table.values()):
                self.fault("score.weights", "no weights", "give `weights:` with a number for each taxon", "weights")
                return {}, ()
            return {"weights": tuple(_names([str(k)]) for k in table)}, tuple(float(v) for v in table.values())
        table = content.get("sets")
        if not isinstance(table, Mapping) or set(table) != set(SETS):
            self.fault("score.sets", "no two sets", "give `sets:` with favourable and unfavourable", "sets")
            return {}, ()
        sets = {name: self._set(name, table[name]) for name in SETS}
        both = {canonical(a) for one in sets[SETS[0]] for a in one} & {
            canonical(a) for one in sets[SETS[1]] for a in one
        }
        if both:
            self.fault("score.both_sets", f"{sorted(both)[0]} is in both sets", "leave it in one", "sets")
        return sets, ()

    def _set(self, name: str, given: Any) -> tuple[tuple[str, ...], ...]:
        if isinstance(given, Mapping) and isinstance(given.get("file"), str):
            return self._table(name, self.file.parent / given["file"])
        if isinstance(given, list) and given:
            return tuple(_names([str(cell) for cell in (one if isinstance(one, list) else [one])]) for one in given)
        self.fault("score.set", f"set '{name}' is empty", "list its taxa, or name a table with `file:`", name)
        return ()

    def _table(self, name: str, path: Path) -> tuple[tuple[str, ...], ...]:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as fault:
            self.fault("score.table", f"{path.name} cannot be read: {fault}", "check the path", name)
            return ()
        rows = list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in text.split("\n")[0] else ","))
        taxa = tuple(_names(row) for row in rows[1:] if any(cell.strip() for cell in row))
        if not taxa:
            self.fault("score.table", f"{path.name} has no row below its header", "give one taxon a row", name)
        return taxa

    def _typical(self, content: Mapping[str, Any]) -> dict[str, float]:
        table = content.get("typical")
        if not isinstance(table, Mapping) or not all(_number(table.get(n)) and table[n] > 0 for n in SETS):
            hint = "give `typical:` with the published richness of either set"
            self.fault("score.typical", "no typical richness", hint, "typical")
            return {}
        return {name: float(table[name]) for name in SETS}

    def _cuts(self, content: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[str, ...]]:
        cuts, classes = content.get("cut_offs", []), content.get("classes", [])
        right = isinstance(cuts, list) and isinstance(classes, list) and all(map(_number, cuts))
        if not right or (classes and len(classes) != len(cuts) + 1) or (cuts and not classes) or sorted(cuts) != cuts:
            self.fault("score.cut_offs", f"{cuts} and {classes}", "give rising cut-offs and one class more", "cut_offs")
            return (), ()
        return tuple(map(float, cuts)), tuple(map(str, classes))

    def _grey(self, given: Any, classes: tuple[str, ...]) -> GreyZone | None:
        if given is None:
            return None
        above = given.get("above") if isinstance(given, Mapping) else None
        if not isinstance(given, Mapping) or set(given) != GREY or not isinstance(above, Mapping):
            self.fault("score.grey_zone", "incomplete", f"give {', '.join(sorted(GREY))}", "grey_zone")
            return None
        share, end = above.get("share"), str(above.get("class"))
        named = (str(given["class"]), str(given["absent"]), str(given["otherwise"]), end)
        if not isinstance(share, int | float) or any(word not in classes for word in named):
            self.fault("score.grey_zone", f"classes {named}, share {share}", "use classes of `classes:`", "grey_zone")
            return None
        return GreyZone(named[0], _names([str(given["taxon"])]), named[1], (float(share), end), named[2])


def _names(cells: list[str]) -> tuple[str, ...]:
    """Every name in the cells; several in one are parted by commas or semicolons."""
    parts = [part.strip() for cell in cells for part in cell.replace(";", ",").split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
