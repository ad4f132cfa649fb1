"""Designs on disk: those that come with the program, a user's own file, and the commented template."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from hepaxis.patient import yaml_tree
from hepaxis.patient.yaml_fields import renamed
from hepaxis.problems import InputError, Problem, error
from hepaxis.trial.design import Design
from hepaxis.trial.design_reader import PACKAGE, DesignReader

DESIGNS, YAML = "designs", ".yaml"


@cache
def built_in_designs() -> tuple[str, ...]:
    """Names of the designs that come with the program."""
    folder = files(PACKAGE).joinpath(DESIGNS)
    return tuple(sorted(one.name.removesuffix(YAML) for one in folder.iterdir() if one.name.endswith(YAML)))


def load_design(name: str | Path) -> Design:
    """A design that comes with the program by its name, or one of a file.  Raises InputError with every problem."""
    if str(name) in built_in_designs():
        text = files(PACKAGE).joinpath(DESIGNS, f"{name}{YAML}").read_text(encoding="utf-8")
        return parse_design(text, file=f"{name}{YAML}")
    path = Path(name)
    if not path.is_file():
        hint = f"give a file, or one of {', '.join(built_in_designs())}"
        raise InputError([error("trial.no_design", f"no file or design {name}", hint)])
    root, problems = yaml_tree.read(path, str(path))
    return _made(root, problems, str(path), "" if problems else path.read_text(encoding="utf-8-sig"))


def parse_design(text: str, *, file: str = "design.yaml") -> Design:
    """A design of a text.  Raises InputError with every problem."""
    root, problems = yaml_tree.parse(text, file)
    return _made(root, problems, file, text)


def design_template() -> str:
    """The commented design that ``hepaxis template trial`` prints."""
    return files(PACKAGE).joinpath("design_template.yaml").read_text(encoding="utf-8")


def _made(root: yaml_tree.Node | None, problems: list[Problem], file: str, text: str) -> Design:
    if root is None or problems:
        raise InputError([renamed(problem, "trial") for problem in problems])
    if not isinstance(root, yaml_tree.Mapping):
        hint = "start from `hepaxis template trial`"
        raise InputError([error("trial.shape", "not a list of fields", hint, file=file)])
    reader = DesignReader(root, file, Path(file).parent)
    found = reader.design(text)
    if found is None:
        raise InputError(sorted(reader.problems, key=lambda problem: problem.row or 0))
    return found
