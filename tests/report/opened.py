"""A page opened in a real browser, with everything that it said and asked for; sizes of screens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP, PHONE = (1280, 800), (390, 844)
SMALL_TEXT = """() => [...document.querySelectorAll('body *')].filter(e =>
    e.childNodes.length && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && e.getClientRects().length).map(e => {
        const svg = e.closest('svg[viewBox]');
        const scale = svg && svg.getScreenCTM ? svg.getScreenCTM().a : 1;
        return [parseFloat(getComputedStyle(e).fontSize) * scale, e.textContent.slice(0, 30)];
    }).filter(([size]) => size < 11.99)"""


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
