"""How numbers, intervals and days are written in the report.

Held here: one function a kind of quantity, so that a number reads the same in a table, beside a mark and in a
caption.  True minus sign, per cent whole, points with one decimal, tabular figures by CSS.  A number that is not
finite is written "not available", never "nan".  Source: the report's design rules (rule 6 and "Wording").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from hepaxis.plan.schema import Interval

MINUS = "\u2212"
ABSENT = "not available"
DAYS_PER_MONTH = 365.25 / 12
LEAST_SHARE = 1e-5  # a smaller part of a community is told as less than this
SMALL, LARGE = 1e-3, 1e5  # outside these a quantity is written with a power of ten
_HYPHEN_MINUS = re.compile(r"(?<![\w.)\-])-(?=\d)")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Formatter = Callable[[float], str]


def finite(*values: float | None) -> bool:
    return all(v is not None and math.isfinite(v) for v in values)


def usable(interval: Interval | None) -> bool:
    """Whether every limit of ``interval`` is there."""
    return interval is not None and finite(interval.median, interval.lo50, interval.hi50, interval.lo90, interval.hi90)


def signed(value: float, digits: int = 1) -> str:
    """``+2.6``, ``−0.3``, ``0.0``: a value that rounds to zero has no sign."""
    if not finite(value):
        return ABSENT
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return ("+" if value > 0 else MINUS) + text


def percent(fraction: float) -> str:
    """``0.154`` -> ``15%``; above zero and under half a per cent: ``<1%``."""
    return whole(fraction) + "%" if finite(fraction) else ABSENT


def whole(fraction: float) -> str:
    """Per cent without its sign, for the second number of a range."""
    if not finite(fraction):
        return ABSENT
    text = f"{fraction * 100:.0f}"
    if text == "0" and fraction > 0:
        return "<1"
    return text.replace("-", MINUS) if text != "-0" else "0"


def points(change: float) -> str:
    """A change of a probability in percentage points: ``0.026`` -> ``+2.6``."""
    return signed(change * 100) if finite(change) else ABSENT


def whole_points(change: float) -> str:
    return signed(change * 100, 0) if finite(change) else ABSENT


def tick(value: float) -> str:
    """Label of a signed axis: as few digits as the value needs, and 0 without a sign."""
    return signed(value, 0 if float(value).is_integer() else 1)


def true_minus(words: str) -> str:
    """A hyphen before a number that is not part of a range or a name becomes a minus sign."""
    return _HYPHEN_MINUS.sub(MINUS, words)


def log_odds(value: float) -> str:
    return signed(value, 2)


def quantity(value: float) -> str:
    """Two significant digits or the whole number, whichever is more; a power of ten when very small or large."""
    if not finite(value):
        return ABSENT
    if value == 0:
        return "0"
    size = abs(value)
    if not SMALL <= size < LARGE:
        exponent = math.floor(math.log10(size))
        mantissa = f"{size / 10**exponent:.1f}"
        if mantissa == "10.0":
            mantissa, exponent = "1.0", exponent + 1
        text = f"{mantissa} × 10{str(exponent).translate(_SUPERSCRIPT)}"
    else:
        digits = max(0, 1 - math.floor(math.log10(size)))
        text = f"{size:,.{digits}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + text


def months(value: float) -> str:
    return signed(value).removeprefix("+")


def share(fraction: float) -> str:
    """A part of a community: two significant digits of a per cent (``0.142`` -> ``14%``, ``0.0007`` -> ``0.07%``)."""
    if finite(fraction) and 0 < fraction < LEAST_SHARE:
        return f"<{LEAST_SHARE * 100:g}%"
    return quantity(fraction * 100) + "%" if finite(fraction) else ABSENT


def day(value: float) -> str:
    """Day relative to first dose: ``day −23``, ``day 0``, ``day +26``."""
    return "day " + signed_day(value)


def signed_day(value: float) -> str:
    return signed(value, 0 if float(value).is_integer() else 1) if finite(value) else ABSENT


def percent_range(interval: Interval | None) -> str:
    """90% limits of a probability: ``5–31``."""
    return f"{whole(interval.lo90)}–{whole(interval.hi90)}" if interval and usable(interval) else ABSENT


def limits(interval: Interval | None, write: Formatter) -> str:
    """90% limits with their own signs: ``−2.3, +8.4``."""
    return f"{write(interval.lo90)}, {write(interval.hi90)}" if interval and usable(interval) else ABSENT


def percent_with_range(interval: Interval | None) -> str:
    """``15% (5–31)``."""
    return f"{percent(interval.median)} ({percent_range(interval)})" if interval and usable(interval) else ABSENT


def with_limits(interval: Interval | None, write: Formatter) -> str:
    """``+2.6 (−2.3, +8.4)`` for any writer of numbers."""
    return f"{write(interval.median)} ({limits(interval, write)})" if interval and usable(interval) else ABSENT


def listed(names: Sequence[str], conjunction: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    names = list(names)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def listed_up_to(names: Sequence[str], most: int) -> str:
    """As :func:`listed`, with what is over ``most`` counted: ``a, b and 3 more``."""
    names = list(names)
    return listed(names) if len(names) <= most else listed([*names[: most - 1], f"{len(names) - most + 1} more"])


def shortened(words: str, most: int) -> str:
    """``words`` up to ``most`` characters, cut between words and marked with an ellipsis."""
    if len(words) <= most:
        return words
    kept = words[: most - 1]
    at = kept.rfind(" ")
    return (kept[:at] if at > most // 2 else kept).rstrip(" ,;:(") + "…"


def counted(n: int, one: str, many: str | None = None) -> str:
    """``1 sample``, ``2 samples``."""
    return f"{n} {one if n == 1 else many or one + 's'}"
