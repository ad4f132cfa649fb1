"""The page in a real browser: quiet, offline, within its width, the answer on the first screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plans
import pytest

from hepaxis.report import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-extensions",
]
DESKTOP, PHONE = (1280, 800), (390, 844)
CASES = [(name, PHONE) for name in sorted(plans.EVERY)] + [
    (name, DESKTOP) for name in ("base_default", "cannot_tell", "forty", "hostile", "holes", "long_names")
]
SMALL_TEXT = """() => [...document.querySelectorAll('body *')].filter(e =>
    e.childNodes.length && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && e.getClientRects().length).map(e => {
        const svg = e.closest('svg[viewBox]');
        const scale = svg && svg.getScreenCTM ? svg.getScreenCTM().a : 1;
        return [parseFloat(getComputedStyle(e).fontSize) * scale, e.textContent.slice(0, 30)];
    }).filter(([size]) => size < 11.99)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if not executable:
        pytest.skip("Chromium not found: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright not installed")
    with api.sync_playwright() as play:
        launched = play.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield launched
        launched.close()


class Opened:
    """One page with everything it said and asked for."""

    def __init__(self, browser: Browser, file: Path, size: tuple[int, int], **options: Any):
        self.page: Page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda fault: self.said.append(str(fault)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self.home = file.as_uri()

    def width(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def close(self) -> None:
        self.page.close()


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
