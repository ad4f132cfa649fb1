"""Numbers read the same everywhere: true minus, no sign on zero, nothing that looks like a machine's NaN."""

from __future__ import annotations

import math
import re

import plans
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.report import formats

WRITERS = [
    formats.percent,
    formats.points,
    formats.log_odds,
    formats.quantity,
    formats.months,
    formats.share,
    formats.signed_day,
    formats.whole_points,
]


@pytest.mark.parametrize("write", WRITERS)
@given(st.floats(allow_nan=True, allow_infinity=True, width=32))
def test_no_hyphen_no_nan_no_signed_zero(write: formats.Formatter, value: float) -> None:
    text = write(value)
    assert "-" not in text
    assert "nan" not in text.lower().replace("not available", "")
    assert "inf" not in text
    assert not re.fullmatch(rf"[+{formats.MINUS}]0(\.0+)?%?", text)
    if not math.isfinite(value):
        assert text == formats.ABSENT


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_quantity_keeps_two_digits(value: float) -> None:
    text = formats.quantity(value).replace(",", "")
    if "×" in text:
        digits, power = text.split(" × 10")
        power = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        read = float(digits) * 10 ** int(power)
    else:
        read = float(text)
    assert math.isclose(read, value, rel_tol=0.051)


def test_examples() -> None:
    assert formats.percent(0.154) == "15%"
    assert formats.percent(0.003) == "<1%"
    assert formats.points(-0.0234) == "−2.3"
    assert formats.points(-0.0001) == "0.0"
    assert formats.percent_with_range(plans.iv(0.15, 0.05, 0.31)) == "15% (5–31)"
    assert formats.with_limits(plans.iv(0.026, -0.023, 0.084), formats.points) == "+2.6 (−2.3, +8.4)"
    assert formats.quantity(1234) == "1,234"
    assert formats.quantity(0.612) == "0.61"
    assert formats.quantity(2.1e-6) == "2.1 × 10⁻⁶"
    assert formats.day(-23) == "day −23"
    assert formats.listed_up_to(["a", "b", "c", "d"], 3) == "a, b and 2 more"
    assert formats.listed_up_to(["a", "b", "c"], 3) == "a, b and c"
