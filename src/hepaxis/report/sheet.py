"""The sheet every page of hepaxis is printed on: style, content security policy, bar with the statement of use.

Held here: what pages share.  A page is one offline HTML file without script or request; its style sits inside it and
is allowed by its hash.  Everything that came from an input is escaped by the templates.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

STATEMENT = "Research use only, not for treatment decisions."
SHEET, BARE = "sheet.html.j2", "embedded.html.j2"  # what a page is put into: a document, or nothing
STYLES = ("tokens.css", "components.css", "narrow.css", "print.css")


@cache
def style() -> str:
    folder = files("hepaxis.report") / "style"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in STYLES)


@cache
def environment() -> Environment:
    return Environment(
        loader=PackageLoader("hepaxis.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def policy(css: str) -> str:
    """Content security policy that allows this style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def printed(template: str, nav: Sequence[tuple[str, str]] = (), **context: Any) -> str:
    """``template`` (which extends ``sheet``) as one HTML document; ``nav``: (id, words) of its sections."""
    css = style()
    shared = {"sheet": SHEET, "statement": STATEMENT, "css": Markup(css), "policy": Markup(policy(css)), "nav": nav}
    return environment().get_template(template).render(shared | context)


def embedded(template: str, **context: Any) -> Markup:
    """The sections of ``template`` alone, for a page that brings its own frame and this style."""
    return Markup(environment().get_template(template).render({"sheet": BARE, "statement": STATEMENT} | context))
