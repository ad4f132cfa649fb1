"""YAML read as a tree of raw scalars that know their line: no tags, no anchors, bounded size and depth.

A clinic sheet needs none of YAML's cleverness, and some of it corrupts data silently (``12:30`` read as 750, ``no`` as
False in a drug name), so scalars stay as written and the field table decides what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from hepaxis.problems import Problem, error

MAX_BYTES = 262_144  # a full sheet with 50 lesions is under 20 kB
MAX_DEPTH = 12  # the deepest field, a lesion's scan, sits at 5
NULLS = frozenset({"", "~", "null", "unknown", "unk", "?", "na", "n/a", "nd", "not tested", "not known"})


@dataclass(frozen=True)
class Scalar:
    """Text as it stands, whether it was quoted, and its line (1-based)."""

    text: str
    quoted: bool
    line: int

    @property
    def missing(self) -> bool:
        return self.text.strip().lower() in NULLS


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Mapping:
    """``lines`` holds the line of each key."""

    entries: dict[str, Node]
    lines: dict[str, int]
    line: int


Node = Scalar | Sequence | Mapping


def read(path: Path, name: str) -> tuple[Node | None, list[Problem]]:
    """Tree of the file, or None and the reasons.  ``name`` is how problems call the file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None, [
                error("patient.too_large", f"the sheet is over {MAX_BYTES // 1024} kB", "give one patient", file=name)
            ]
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        found = f"byte {fault.start} is not UTF-8 text"
        return None, [error("patient.not_text", found, "save the sheet as UTF-8 text", file=name)]
    except OSError as fault:
        hint = "give a readable patient.yaml"
        return None, [error("patient.unreadable", f"cannot be read: {fault.strerror}", hint, file=name)]
    return parse(text, name)


def parse(text: str, name: str = "patient.yaml") -> tuple[Node | None, list[Problem]]:
    """Tree of ``text``; None with problems when it is not a plain YAML document."""
    problems: list[Problem] = []
    try:
        _refuse_cleverness(text, name, problems)
        if problems:
            return None, problems
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        row = None if mark is None else mark.line + 1
        found = f"this is not valid YAML: {fault.problem or fault.context or 'unreadable'}"
        hint = "check indentation, colons and quotes at this line"
        return None, [error("patient.yaml_syntax", found, hint, file=name, row=row)]
    except (yaml.YAMLError, ValueError) as fault:
        found = "this is not valid YAML: " + " ".join(str(fault).split())[:160]
        return None, [error("patient.yaml_syntax", found, "remove control characters", file=name)]
    if root is None:
        return None, [error("patient.empty", "the sheet is empty", "start from `hepaxis template`", file=name)]
    node = _tree(root, name, problems)
    return (None if problems else node), problems


def _refuse_cleverness(text: str, name: str, problems: list[Problem]) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        row = None if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        anchored = isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)
        tagged = getattr(event, "tag", None)
        if anchored or tagged:
            what = "an anchor or alias" if anchored else f"the tag {tagged}"
            problems.append(
                error("patient.yaml_feature", f"{what} is used", "write the value itself", file=name, row=row)
            )
        if depth > MAX_DEPTH or documents > 1 or len(problems) > MAX_DEPTH:
            found = "the sheet holds several documents" if documents > 1 else f"nested over {MAX_DEPTH} levels"
            hint = "one patient a file" if documents > 1 else "follow the template"
            problems.append(error("patient.yaml_shape", found, hint, file=name, row=row))
            return


def _tree(node: yaml.Node, name: str, problems: list[Problem]) -> Node:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        return Scalar(node.value, node.style in ("'", '"'), line)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_tree(item, name, problems) for item in node.value), line)
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        row = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(
                error("patient.yaml_key", "a key is not a word", "use field names as keys", file=name, row=row)
            )
            continue
        if key.value in entries:
            problems.append(
                error(
                    "patient.duplicate_key",
                    f"'{key.value}' is written twice, first at row {lines[key.value]}",
                    "keep one of them",
                    file=name,
                    row=row,
                    column=key.value,
                )
            )
            continue
        entries[key.value] = _tree(value, name, problems)
        lines[key.value] = row
    return Mapping(entries, lines, line)
