"""The page in a real browser: quiet, offline, within its width, the answer on the first screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import plans
import pytest
from opened import DESKTOP, PHONE, SMALL_TEXT, Opened

from hepaxis.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

CASES = [(name, PHONE) for name in sorted(plans.EVERY)] + [
    (name, DESKTOP) for name in ("base_default", "cannot_tell", "forty", "hostile", "holes", "long_names")
]


@pytest.mark.parametrize(("name", "size"), CASES, ids=[f"{name}-{size[0]}" for name, size in CASES])
def test_quiet_offline_and_within_its_width(browser: Browser, tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(plans.EVERY[name]), encoding="utf-8")
    opened = Opened(browser, file, size)
    try:
        assert opened.said == []
        assert opened.asked == [opened.home]
        assert opened.width() <= size[0]
        for summary in opened.page.query_selector_all("summary"):
            summary.click()
        assert opened.width() <= size[0], "with all data tables open"
        assert opened.page.evaluate(SMALL_TEXT) == []
    finally:
        opened.close()


@pytest.mark.parametrize("name", ["base_default", "ranked", "cannot_tell", "no_profile", "forty"])
def test_the_first_screen_holds_the_verdict_and_three_panels(browser: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(plans.EVERY[name]), encoding="utf-8")
    opened = Opened(browser, file, DESKTOP)
    try:
        panels = opened.page.query_selector_all(".ans3 > div")
        assert len(panels) == 3
        for part in [*panels, opened.page.query_selector(".verdict")]:
            assert part is not None
            place = part.bounding_box()
            assert place is not None
            assert place["y"] + place["height"] <= DESKTOP[1]
    finally:
        opened.close()


def test_the_statement_stays_when_scrolled(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(plans.RANKED), encoding="utf-8")
    opened = Opened(browser, file, PHONE)
    try:
        opened.page.evaluate("window.scrollTo(0, 4000)")
        place = opened.page.locator(".ruo strong").bounding_box()
        assert place is not None
        assert 0 <= place["y"] < 40
    finally:
        opened.close()


@pytest.mark.parametrize(("width", "network"), [(1280, True), (900, False), (390, False)])
def test_the_network_gives_way_to_chains(browser: Browser, tmp_path: Path, width: int, network: bool) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(plans.RANKED), encoding="utf-8")
    opened = Opened(browser, file, (width, 800))
    try:
        assert opened.page.is_visible("svg.net") is network
        assert opened.page.is_visible(".chain") is not network
    finally:
        opened.close()


def test_dark_mode_and_print_change_the_ground(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(plans.RANKED), encoding="utf-8")
    grounds = []
    for options in ({"color_scheme": "light"}, {"color_scheme": "dark"}):
        opened = Opened(browser, file, DESKTOP, **options)
        ground = "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
        grounds.append(opened.page.evaluate(ground))
        opened.page.emulate_media(media="print")
        assert opened.page.evaluate(ground) == "rgb(255, 255, 255)"
        assert opened.page.is_visible(".ruo strong")
        assert not opened.page.is_visible("nav")
        opened.close()
    assert grounds[0] == "rgb(255, 255, 255)"
    assert grounds[1] != grounds[0]
