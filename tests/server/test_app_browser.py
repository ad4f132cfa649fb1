"""The app in a real browser: the whole way of a user, quiet, on loopback alone, and readable by everybody."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from serving import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser
WAIT = 90_000  # milliseconds; the machine may be busy
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
SERIOUS = "async () => (await axe.run(document)).violations.filter(v => ['serious', 'critical'].includes(v.impact))"


class Visit:
    """A browser context with all it said and asked for."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**options)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.context.on("console", lambda message: self.said.append(message.text))
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("pageerror", lambda fault: self.said.append(str(fault)))


def begin_plan(page: Page) -> None:
    page.fill("input[name=hosts]", "10")
    page.fill("input[name=strategies]", "2")
    page.click("text=Make the plan")


def test_the_whole_way_of_a_user(browser: Browser, tmp_path: Path, root: Path) -> None:
    served = Served(tmp_path / "workspace")
    visit = Visit(browser, viewport={"width": 1280, "height": 800})
    page = visit.page
    page.goto(served.start)
    files = sorted((root / "examples" / "viral_antibiotic").iterdir())
    page.set_input_files("#files", files)
    page.click("text=Check these files")
    page.wait_for_selector("text=The files can be used")
    patient = page.url.removesuffix("/check")

    begin_plan(page)
    page.wait_for_selector(".job progress")
    page.click(".job button")
    page.wait_for_selector("text=Cancelled")
    assert not any((served.workspace / "runs").iterdir())

    page.goto(f"{patient}/check")
    begin_plan(page)
    page.wait_for_selector(".jobline:has-text('Running')")
    page.reload()
    page.wait_for_selector(".job progress")
    assert visit.said == []
    served.stop(signal.SIGKILL)
    assert not any((served.workspace / "runs").iterdir())
    served = Served(served.workspace, port=served.port)
    page.goto(patient)
    page.wait_for_selector(".report .answer")
    visit.said.clear()  # what the browser said of a server that was gone
    assert len(list((served.workspace / "runs").iterdir())) == 1

    page.goto(f"{patient}/what-if")
    page.wait_for_selector("#answer .yplot")
    before = page.inner_text("#answer figcaption")
    page.focus("#x-butyrate")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("#answer figcaption:has-text('Response')")
    assert page.inner_text("#answer figcaption") != before
    assert page.inner_text("output[for=x-butyrate]") != "×1.0"
    page.click("text=Pin this curve")
    page.wait_for_selector("#answer figcaption:has-text('This is the pinned setting')")

    page.goto(f"{served.base}/strategies?access=open")
    assert page.is_visible(".strat")
    page.goto(f"{served.base}/axis")
    page.wait_for_selector("#curves .yplot")
    page.uncheck("[data-group=scfa]")
    page.wait_for_selector("#curves:has-text('claims off')")
    page.goto(f"{served.base}/evidence")
    page.fill("input[name=words]", "antibiotics")
    page.click("text=Search >> nth=-1")
    page.wait_for_selector("[aria-label=Records] tbody tr")
    page.goto(f"{served.base}/runs")
    assert page.inner_text("table.runs").count("cancelled") == 1
    served.stop()

    assert visit.said == []
    assert all(re.match(r"http://127\.0\.0\.1:\d+/|data:", url) for url in visit.asked)
    sheet = (root / "examples" / "viral_antibiotic" / "patient.yaml").read_text(encoding="utf-8")
    name = re.search(r"(?m)^id:\s*(\S+)", sheet)
    secret = name.group(1) if name else "viral_antibiotic"
    assert secret not in served.log
    assert not any(secret in url for url in visit.asked)
    visit.context.close()


def test_a_trial_runs_and_is_shown(browser: Browser, served: Served) -> None:
    visit = Visit(browser)
    cookie, value = served.cookie.split("=", 1)
    visit.context.add_cookies([{"name": cookie, "value": value, "url": served.base}])
    page = visit.page
    page.goto(f"{served.base}/trials")
    page.fill(".design input[name=n]", "10")
    page.click("text=Run the trial")
    page.wait_for_selector(".report .answer")
    assert page.is_visible("text=Progression-free survival")
    with page.expect_download() as download:
        page.click("text=Patients as CSV")
    rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(rows) == 21
    assert visit.said == []
    visit.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious_and_nothing_is_too_wide(
    browser: Browser, served: Served, width: int, scheme: str
) -> None:
    visit = Visit(browser, viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    cookie, value = served.cookie.split("=", 1)
    visit.context.add_cookies([{"name": cookie, "value": value, "url": served.base}])
    for path in ("/patients", "/strategies", "/axis", "/trials", "/evidence", "/evidence/conflicts", "/runs"):
        visit.page.goto(served.base + path)
        if path == "/axis":
            visit.page.wait_for_selector("#curves .yplot")
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, path
        visit.page.add_script_tag(path=AXE)
        found = visit.page.evaluate(SERIOUS)
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
    visit.context.close()
