"""Who may ask: this machine, this browser, this page.

Held: a request must name the server by its loopback address (no other site can be rebound to it), carry the session
that the one-time start address gave, and, to change anything, come from a page of the server itself.  Every answer
carries a content security policy without inline script, inline style or eval, and is kept in no cache.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hepaxis.server.store import Store
from hepaxis.server.uploads import MEGABYTE, MOST_BYTES

COOKIE = "hepaxis_session"
LASTS = 7 * 86400.0  # seconds a session is good for
NAMES = ("127.0.0.1", "localhost", "[::1]")
START, STATIC = "/start", "/static/"
SAFE = ("GET", "HEAD")
METHODS = (*SAFE, "POST")
ROOM = MEGABYTE  # what a form adds to its files
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class TooLarge(Exception):
    """The body of a request went past the limit."""


class Guard:
    """ASGI middleware around the whole application.  ``token``: the one-time word of the start address."""

    def __init__(self, app: ASGIApp, *, store: Store, port: int, token: str) -> None:
        self.app, self.store = app, store
        self.cookie = f"{COOKIE}_{port}"  # cookies do not know ports: two servers must not share one
        self.hosts = {f"{name}:{port}" for name in NAMES}
        self._token: str | None = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        refused = self._refused(scope)
        shielded = self._shielded(scope, send)
        if refused is not None:
            await refused(scope, receive, shielded)
            return
        try:
            await self.app(scope, _limited(receive), shielded)
        except TooLarge:
            await _said(413, "The upload is too large; nothing was kept.")(scope, receive, shielded)

    def _refused(self, scope: Scope) -> Response | None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        if headers.get("host", "") not in self.hosts:
            return _said(421, "This server answers on its own loopback address only.")
        if method not in METHODS:
            return _said(405, "This method is not used here.")
        if method not in SAFE and not self._own(headers):
            return _said(403, "This request did not come from a page of this server.")
        length = headers.get("content-length", "")
        if length and (not length.isdigit() or int(length) > MOST_BYTES + ROOM):
            return _said(413, "The upload is too large; nothing was kept.")
        if path == START:
            return self._start(scope)
        if path.startswith(STATIC) or self.store.has_session(hashed(_cookie(headers, self.cookie)), LASTS):
            return None
        return _said(403, "Open the address that hepaxis serve printed; each can be used once.")

    def _own(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "same-origin")
        return origin == f"http://{headers['host']}" and site == "same-origin"

    def _start(self, scope: Scope) -> Response:
        given = scope["query_string"].decode("latin-1").removeprefix("token=")
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return _said(403, "This start address was used or is wrong; start the server again for a new one.")
        self._token = None
        session = secrets.token_urlsafe(32)
        self.store.add_session(hashed(session), LASTS)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self.cookie, session, max_age=int(LASTS), httponly=True, samesite="strict", path="/")
        return answer

    def _shielded(self, scope: Scope, send: Send) -> Send:
        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                kept = scope["path"].startswith(STATIC)
                headers["cache-control"] = "private, max-age=3600" if kept else "no-store"
            await send(message)

        return shielded


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES + ROOM:
            raise TooLarge
        return message

    return counted


def _cookie(headers: Headers, name: str) -> str:
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _said(status: int, words: str) -> Response:
    return PlainTextResponse(words + "\n", status_code=status)
