"""The documentation is what the program says of itself."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

PAGES = (
    "clinic_sheet.md", "plan_json.md", "claims.md", "commands.md", "knowledge_tables.md", "scenario.md",
    "trial_design.md", "population.md", "evidence.md", "evidence.antibiotics.svg",
    "evidence.landscape.svg",
)  # fmt: skip


def maker(root: Path):
    spec = importlib.util.spec_from_file_location("make_docs", root / "tools" / "make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_page_is_checked(root):
    assert set(maker(root).PAGES) == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_generated_page_is_current(root, page):
    assert (root / "docs" / page).read_text(encoding="utf-8") == maker(root).PAGES[page](), "run tools/make_docs.py"


def test_reading_copy_pictures_and_pages_of_the_model_are_current(root):
    made = maker(root)
    pages = made.of_model()
    for name, text in pages.items():
        assert (root / "docs" / name).read_text(encoding="utf-8") == text, f"{name}: run tools/make_docs.py"
    there = {str(path.relative_to(root / "docs")) for path in made.folders(root / "docs")}
    assert there == {name for name in pages if "/" in name}, "run tools/make_docs.py"


def test_readme_names_every_command(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    faces = ("serve", "runs", "what-if", "evidence")
    for command in ("check", "profile", "plan", "template", "model", "simulate", "export", *faces):
        assert f"hepaxis {command}" in text


def test_readme_puts_the_two_commands_on_the_first_screen(root):
    head = "\n".join((root / "README.md").read_text(encoding="utf-8").splitlines()[:25])
    assert "make demo" in head
    assert "make test" in head
    assert "Research use only" in head


def test_links_in_pages_resolve(root):
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"
