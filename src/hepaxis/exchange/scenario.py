"""A scenario file: who, with which gut, is given what on which days, and what is looked at.

Held: the record, and a strict reader of its YAML that finds every fault at once (row, field, what was found, what to
do).  Nothing is simulated here.  The fields are those of ``scenario_fields.csv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hepaxis.exchange.scenario_reader import Reader
from hepaxis.patient import yaml_tree
from hepaxis.patient.yaml_fields import renamed
from hepaxis.population.arms import Token
from hepaxis.problems import InputError, Problem, error


@dataclass(frozen=True)
class Profile:
    """A stool sample in a file."""

    path: Path
    sample: str | None
    taxonomy: Path | None


@dataclass(frozen=True)
class Component:
    """A regimen or arm of the knowledge tables, and the day 0 of its schedule."""

    id: str
    day: float


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    community   a word of ``population.arms`` or a profile
    n, seed     people drawn; n None: one typical person, every prior at its median
    host        model inputs at rest by id; ``liver`` a state of the liver, ``diet`` a named diet at rest
    growth      own or reference: with which community the untreated growth is met
    gates       factor by gate, "*" for all others
    parameters  held from the start
    components  regimens and arms; ``courses`` antibiotics, donors, diets and levers
    observe     variables or expressions of some
    text        the file as it was written
    """

    name: str
    days: float
    every: float
    community: str | Profile
    observe: tuple[str, ...]
    n: int | None = None
    seed: int = 1
    host: Mapping[str, float] = field(default_factory=dict)
    liver: str | None = None
    diet: str | None = None
    growth: str = "own"
    gates: Mapping[str, float] = field(default_factory=dict)
    tau: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    components: tuple[Component, ...] = ()
    courses: tuple[Token, ...] = ()
    note: str = ""
    text: str = ""
    file: str = ""

    @property
    def people(self) -> int:
        return 1 if self.n is None else self.n


def read_scenario(path: Path) -> Scenario:
    """The scenario of a YAML file.  Raises InputError with every problem."""
    root, problems = yaml_tree.read(path, str(path))
    return _parsed(root, problems, str(path), path.parent)


def parse_scenario(text: str, *, file: str = "scenario.yaml", folder: Path = Path()) -> Scenario:
    """The scenario of a YAML text; paths in it are taken from ``folder``.  Raises InputError with every problem."""
    root, problems = yaml_tree.parse(text, file)
    return _parsed(root, problems, file, folder, text)


def _parsed(
    root: yaml_tree.Node | None, problems: list[Problem], file: str, folder: Path, text: str | None = None
) -> Scenario:
    if root is None or problems:
        raise InputError([renamed(problem, "scenario") for problem in problems])
    if not isinstance(root, yaml_tree.Mapping):
        raise InputError(
            [error("scenario.shape", "not a list of fields", "start from `hepaxis template scenario`", file=file)]
        )
    reader = Reader(root, file, folder)
    top = reader.top()
    if reader.problems:
        raise InputError(sorted(reader.problems, key=lambda problem: problem.row or 0))
    found = top["community"]
    community = found if isinstance(found, str) else Profile(found["profile"], found["sample"], found["taxonomy"])
    host = dict(top["host"])
    liver = host.pop("liver", None)
    components = [Component(row["id"], row["day"]) for name in ("regimens", "arms") for row in top[name]]
    written = Path(file).read_text(encoding="utf-8-sig") if text is None else text
    return Scenario(
        name=top["name"],
        days=top["days"],
        every=top["every"],
        community=community,
        observe=tuple(top["observe"]),
        n=top["people"].get("n"),
        seed=top["people"].get("seed", 1),
        host=host,
        liver=liver,
        diet=top["diet"],
        growth=top["growth"],
        gates=top["gates"],
        tau=top["tau"],
        parameters=top["parameters"],
        components=tuple(components),
        courses=reader.courses(top),
        note=top["note"] or "",
        text=written,
        file=file,
    )
