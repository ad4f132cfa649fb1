"""Tokens: every pair of text and ground that the page uses keeps a contrast of 4.5, in light, dark and print."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

LEAST = 4.5
GROUNDS = ("paper", "sunk", "page")
TEXT_ON_GROUND = ("ink", "ink-2", "ink-3", "c-gut", "c-tumour", "c-liver", "c-exposure", "c-regimen")
PAIRS = (
    [(ink, ground) for ink in TEXT_ON_GROUND for ground in ("paper",)]
    + [(ink, ground) for ink in ("ink", "ink-2", "ink-3", "c-regimen") for ground in GROUNDS]
    + [(state, f"{state}-bg") for state in ("ok", "warn", "block", "trial", "info")]
    + [(ink, "info-bg") for ink in ("ink", "ink-2", "ink-3", "c-regimen")]
    + [(ink, "warn-bg") for ink in ("ink", "ink-2")]
    + [("ink", f"d-{step}") for step in ("low2", "low1", "mid", "high1", "high2")]
    + [
        ("paper", "d-low3"),
        ("paper", "d-high3"),
        ("paper", "ink"),
        ("bar-ink", "bar"),
        ("warn", "sunk"),
        ("warn", "paper"),
    ]
)


def tokens(theme: str) -> dict[str, str]:
    css = (files("hepaxis.report") / "style" / "tokens.css").read_text(encoding="utf-8")
    start = {"light": ":root {", "dark": ':root:not([data-theme="light"]) {', "print": "@media print {"}

    def block(opening: str) -> dict[str, str]:
        after = css[css.index(opening) + len(opening) :]
        after = after if opening != start["print"] else after[after.index("{") + 1 :]
        return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b", after[: after.index("}")]))

    return block(start["light"]) | ({} if theme == "light" else block(start[theme]))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(d * 2 for d in digits)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_the_standard_one() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize(("ink", "ground"), sorted(set(PAIRS)))
def test_text_keeps_its_contrast(theme: str, ink: str, ground: str) -> None:
    values = tokens(theme)
    if theme == "print" and ground == "bar":
        pytest.skip("the bar has no ground on paper")
    assert contrast(values[ink], values[ground]) >= LEAST


def test_every_colour_of_the_components_is_a_token() -> None:
    folder = files("hepaxis.report") / "style"
    known = set(tokens("light"))
    for name in ("components.css", "narrow.css"):
        css = (folder / name).read_text(encoding="utf-8")
        assert not re.search(r"#[0-9a-f]{3,6}\b(?![\w-])", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
        used = {v for v in re.findall(r"var\(--([\w-]+)", css) if v.startswith(("c-", "d-", "ink", "paper"))}
        assert used <= known


def test_screen_text_is_never_smaller_than_twelve_pixels() -> None:
    folder = files("hepaxis.report") / "style"
    for name in ("tokens.css", "components.css", "narrow.css"):
        css = (folder / name).read_text(encoding="utf-8")
        if name == "tokens.css":
            css = css[: css.index("@media print")]
            sizes = [float(s) * 16 for s in re.findall(r"--t-[\w-]+:\s*([\d.]+)rem", css)]
            assert len(sizes) >= 7
        else:
            sizes = [float(s) for s in re.findall(r"font-size:\s*([\d.]+)px", css)]
            sizes += [float(s) * 16 for s in re.findall(r"font-size:\s*([\d.]+)rem", css)]
        assert all(size >= 12 for size in sizes)
