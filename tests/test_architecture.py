"""The house: imports go one way, files stay small, and nothing of one machine is in the project."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

# Each room and the rooms below it that it may import.  `axis` and `engine` never meet: SBML text is their joint.
BELOW = {
    "problems": set(),
    "user_cache": set(),
    "knowledge": {"problems"},
    "evidence": {"problems", "user_cache", "knowledge"},
    "profile": {"problems", "knowledge"},
    "patient": {"problems", "knowledge", "profile"},
    "metabolites": {"problems", "knowledge", "profile"},
    "antigens": {"problems", "knowledge", "profile"},
    "axis": {"problems", "knowledge", "user_cache"},
    "engine": {"problems", "user_cache"},
    "therapy": {"problems", "knowledge", "profile"},
    "population": {"problems", "knowledge", "profile", "patient", "metabolites", "axis", "engine", "therapy"},
    "exchange": {
        *("problems", "knowledge", "profile", "patient", "metabolites", "axis", "engine", "therapy"),
        "population",
    },
    "trial": {"problems", "knowledge", "profile", "patient", "therapy", "population"},
    "cohort": {
        *("problems", "knowledge", "profile", "patient", "metabolites", "axis", "engine", "therapy", "population"),
    },
    "plan": {
        *("problems", "knowledge", "profile", "patient", "metabolites", "axis", "engine", "therapy"),
        *("population", "trial", "evidence"),
    },
    "sensitivity": {
        *("problems", "knowledge", "profile", "patient", "metabolites", "axis", "engine", "therapy"),
        *("population", "trial", "plan"),
    },
    "report": {"problems", "evidence", "plan"},
    "server": {
        *("problems", "knowledge", "profile", "patient", "axis", "therapy", "population", "exchange", "trial", "plan"),
        *("cohort", "evidence", "report", "user_cache"),
    },
}
MAX_LINES = 420


def rooms(root: Path) -> list[Path]:
    return sorted((root / "src" / "hepaxis").rglob("*.py"))


def imported_rooms(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("hepaxis.") and len(n.split(".")) > 1}
    return found


def test_imports_go_one_way(root):
    wrong = []
    for path in rooms(root):
        parts = path.relative_to(root / "src" / "hepaxis").parts
        room = parts[0].removesuffix(".py")
        if room not in BELOW:
            continue
        allowed = BELOW[room] | {room, "__version__", "STATEMENT"}
        wrong += [f"{'/'.join(parts)} imports {other}" for other in imported_rooms(path) - allowed]
    assert not wrong


def test_report_reads_only_the_schema_of_the_plan(root):
    for path in (root / "src" / "hepaxis" / "report").rglob("*.py"):
        for name in re.findall(r"from hepaxis\.plan(\S*) import", path.read_text(encoding="utf-8")):
            assert name == ".schema", f"{path.name} imports hepaxis.plan{name}"


def test_every_room_is_in_the_rule(root):
    there = {p.parent.name for p in (root / "src" / "hepaxis").glob("*/__init__.py")}
    assert there - set(BELOW) == {"cli"}


def test_files_hold_one_purpose(root):
    long = [f"{p.name}: {n} lines" for p in rooms(root) if (n := len(p.read_text("utf-8").splitlines())) > MAX_LINES]
    assert not long


def test_nothing_of_one_machine_is_committed(root):
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    marks = [
        re.compile(p)
        for p in (r"/work[/](main|shared)", r"/root/", r"\.librar[y]", r"pypi\.org|pythonhosted|/opt/wheels")
    ]
    found = []
    for name in filter(None, listed):
        path = root / name
        if name == "tests/test_architecture.py" or not path.is_file():
            continue
        text = path.read_bytes()[:2_000_000].decode("utf-8", "ignore")
        found += [f"{name}: {mark.pattern}" for mark in marks if mark.search(text)]
    assert not found
