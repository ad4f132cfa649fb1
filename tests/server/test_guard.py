"""Nobody but this browser on this machine gets an answer, and no answer may be run as a script or kept."""

from __future__ import annotations

import re
import socket

import pytest
from serving import Served


def test_serves_loopback_alone(served: Served) -> None:
    others = {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with socket.socket() as line:
            line.settimeout(2)
            assert line.connect_ex((address, served.port)) != 0


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1.evil.example:{port}"])
def test_another_name_gets_nothing(served: Served, host: str) -> None:
    status, _, body = served.ask("/patients", headers={"Host": host.format(port=served.port)})
    assert status == 421
    assert b"<html" not in body


def test_the_start_address_works_once(served: Served) -> None:
    status, headers, _ = served.ask(served.start.removeprefix(served.base), headers={"Cookie": ""})
    assert status == 403
    assert "set-cookie" not in headers


def test_without_the_session_there_is_no_page(served: Served) -> None:
    for path in ("/patients", "/patients.json", "/runs", "/jobs/0123456789ab/events"):
        assert served.ask(path, headers={"Cookie": ""})[0] == 403
        assert served.ask(path, headers={"Cookie": served.cookie[:-3] + "abc"})[0] == 403


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
def test_nothing_changes_for_a_page_of_another_origin(served: Served, origin: str) -> None:
    headers = {"Origin": origin.format(port=served.port)}
    assert served.ask("/runs/purge", "POST", b"confirm=purge", headers)[0] == 403


def test_a_request_that_the_browser_calls_foreign_changes_nothing(served: Served) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert served.ask("/runs/purge", "POST", b"confirm=purge", headers)[0] == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    assert served.ask("/patients", method)[0] == 405


@pytest.mark.parametrize("path", ["/patients", "/runs.json", "/nothing", "/static/app.js", "/patients/../../etc"])
def test_every_answer_forbids_inline_script_and_framing(served: Served, path: str) -> None:
    _, headers, _ = served.ask(path)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    if not path.startswith("/static"):
        assert headers["cache-control"] == "no-store"


def test_pages_hold_no_inline_style_script_or_foreign_address(served: Served) -> None:
    for path in ("/patients", "/runs", "/trials", "/axis", "/strategies", "/evidence", "/evidence/conflicts"):
        text = served.ask(path)[2].decode()
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"\sstyle=|<style|\son\w+=", text)
        assert not re.search(r"(?:src|action)=\"(?!/)", text)
        assert not re.search(r"<link[^>]*href=\"(?!/)", text)


def test_the_cookie_is_for_this_server_and_no_script(tmp_path) -> None:
    one = Served(tmp_path / "workspace")
    try:
        _, headers, _ = one.ask(one.start.removeprefix(one.base))
        cookie = headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert str(one.port) in cookie.split("=")[0]
    finally:
        one.stop()


@pytest.mark.parametrize(
    "path",
    [
        "/patients/0123456789ab",
        "/runs/%2e%2e%2fjobs",
        "/runs/0123456789ab/files/..%2f..%2fjobs.sqlite",
        "/axis/modules/x",
    ],
)
def test_what_is_not_kept_is_not_found(served: Served, path: str) -> None:
    assert served.ask(path)[0] == 404
    assert served.ask(f"{path}.json")[0] == 404
