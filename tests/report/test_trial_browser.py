"""A trial's page in a real browser: quiet, offline, within its width, the answer on the first screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trials
from opened import DESKTOP, PHONE, SMALL_TEXT, Opened

from hepaxis.report.trial_page import render_trial

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

CASES = [(name, PHONE) for name in trials.MADE] + [(name, DESKTOP) for name in ("full", "many", "hostile", "holes")]


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "report.html"
    path.write_text(render_trial(trials.EVERY[request.param]), encoding="utf-8")
    return path


@pytest.mark.parametrize(("file", "size"), CASES, ids=[f"{n}-{s[0]}" for n, s in CASES], indirect=["file"])
def test_quiet_offline_and_within_its_width(browser: Browser, file: Path, size: tuple[int, int]) -> None:
    opened = Opened(browser, file, size)
    try:
        assert opened.said == []
        assert opened.asked == [opened.home]
        assert opened.width() <= size[0]
        opened.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert opened.width() <= size[0], "with all data tables open"
        assert opened.page.evaluate(SMALL_TEXT) == []
    finally:
        opened.close()


@pytest.mark.parametrize(
    "file", ["example", "full", "flora", "one_arm", "no_responders", "paired", "many"], indirect=True
)
def test_the_first_screen_holds_the_answer(browser: Browser, file: Path) -> None:
    opened = Opened(browser, file, DESKTOP)
    try:
        marks = opened.page.query_selector_all(".verdict, .reasons, .ans3 .rw")
        assert len(marks) > 3
        for part in marks:
            place = part.bounding_box()
            if place is not None:  # rows lay out their cells and have no box of their own
                assert place["y"] + place["height"] <= DESKTOP[1]
        for cell in opened.page.query_selector_all(".ans3 .v, .ans3 .c"):
            place = cell.bounding_box()
            assert place is not None
            assert place["y"] + place["height"] <= DESKTOP[1]
    finally:
        opened.close()


@pytest.mark.parametrize("file", ["full"], indirect=True)
def test_the_statement_stays_and_dark_and_print_change_the_ground(browser: Browser, file: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        opened = Opened(browser, file, PHONE, color_scheme=scheme)
        opened.page.evaluate("window.scrollTo(0, 6000)")
        place = opened.page.locator(".ruo strong").bounding_box()
        assert place is not None
        assert 0 <= place["y"] < 40
        ground = "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
        grounds.append(opened.page.evaluate(ground))
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate(ground) == "rgb(255, 255, 255)"
        assert opened.page.is_visible(".ruo strong")
        opened.close()
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("file", ["full"], indirect=True)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_numbers_at_risk_stand_under_their_days(browser: Browser, file: Path, size: tuple[int, int]) -> None:
    opened = Opened(browser, file, size)
    try:
        picture = opened.page.locator("figure:has(.risk) .yplot > svg[role=img]").first.bounding_box()
        numbers = opened.page.locator("figure:has(.risk) .risk .yplot > svg").first.bounding_box()
        assert picture is not None
        assert numbers is not None
        assert abs(picture["x"] - numbers["x"]) < 1
        assert abs(picture["width"] - numbers["width"]) < 1
    finally:
        opened.close()


APART = """() => [...document.querySelectorAll('.risk svg')].flatMap(svg => {
    const rows = new Map();
    for (const t of svg.querySelectorAll('text')) {
        const box = t.getBoundingClientRect();
        rows.set(Math.round(box.y), [...(rows.get(Math.round(box.y)) || []), box]);
    }
    return [...rows.values()].flatMap(row => row.slice(1).map((box, i) => box.left - row[i].right));
})"""


@pytest.mark.parametrize("file", ["full"], indirect=True)
def test_numbers_at_risk_keep_apart_on_a_phone(browser: Browser, file: Path) -> None:
    opened = Opened(browser, file, PHONE)
    try:
        gaps = opened.page.evaluate(APART)
        assert len(gaps) > 20
        assert min(gaps) > 0
    finally:
        opened.close()
