"""exp, log and pow over the lanes, in plain arithmetic.

exp: x = n ln2 + r, |r| <= ln2/2, Taylor polynomial of degree 13 on r (remainder below 2^-58), 2^n put into the
exponent in two halves so that subnormal results round once.
log: x = 2^e m, m in [sqrt(1/2), sqrt(2)), atanh series in s = (m-1)/(m+1) with the head carried in two doubles.
pow: exp(y log|x|) with the logarithm in two doubles; signs, zeros, infinities and NaN as in C99 annex F.
The short functions are for arguments and results that are plain numbers in all lanes; if one is not, the general ones
are asked, which give plain lanes the same bits.
Source: Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed. 2018, chapters 4 and 10.
"""

from __future__ import annotations

import math
import struct

from .irtext import Fn, Value

LN2_HI = float.fromhex("0x1.62e42fefa38p-1")  # 42 bits: n * LN2_HI is exact for |n| < 2^11
LN2_LO = float.fromhex("0x1.ef35793c7673p-45")
LOG2_E = 1 / math.log(2)
OVERFLOW = 709.782712893384  # largest x with finite exp(x)
UNDERFLOW = -745.1332191019412  # below it exp(x) rounds to zero
EXP_DEGREE = 13
# atanh series 2 (s + s^3/3 + ...): |s| <= 0.1716, terms to s^21 leave 2^-58 of the sum.
ATANH_TERMS = 10
SUBNORMAL_SHIFT = 2.0**54
ROUNDER = 1.5 * 2.0**52
NORMAL = 700.0  # |x| below it: exp(x) is a normal number


def functions(lanes: int) -> str:
    """The text of @vexp, @vlog and @vpow, and of their general versions."""
    general = _exp_any(lanes) + _log_any(lanes) + _pow_any(lanes)
    return general + _exp(lanes) + _log(lanes) + _pow(lanes)


def _horner(f: Fn, x: Value, coefficients: list[float]) -> Value:
    """Even and odd halves side by side: two short chains instead of a long one."""
    square = x * x
    parts = []
    for chain in (coefficients[0::2], coefficients[1::2]):
        total = f.const("F", chain[-1])
        for c in reversed(chain[:-1]):
            total = f.fma(total, square, f.const("F", c))
        parts.append(total)
    return f.fma(parts[1], x, parts[0])


def _exp_core(f: Fn, x: Value, low: Value | None, *, normal: bool) -> Value:
    """exp(x + low) for x within the finite range; ``low`` is far below one ulp of x.

    ``normal``: the result is known to be a normal number, so that one scaling does.
    """
    # Adding 1.5 2^52 rounds to a whole number and leaves it in the low bits.
    shifted = f.fma(x, f.const("F", LOG2_E), f.const("F", ROUNDER))
    n = shifted - ROUNDER
    whole = f.bitcast("I", shifted) - struct.unpack("<q", struct.pack("<d", ROUNDER))[0]
    r = f.fma(n, f.const("F", -LN2_LO), f.fma(n, f.const("F", -LN2_HI), x))
    tail = _horner(f, r, [1 / math.factorial(k) for k in range(2, EXP_DEGREE + 1)])
    square = r * r
    # 1 + (r + (r^2 tail + low exp(r))): the small part is summed first.
    small = square * tail
    if low is not None:
        small = f.fma(square, tail, f.fma(low, f.fma(square, tail, r), low))
    value = (r + small) + 1.0
    if normal:
        return value * f.bitcast("F", (whole + 1023) << 52)
    half = f.emit("I", f"ashr {{t}} {whole.name}, {f.const('I', 1).name}")
    for part in (half, whole - half):
        value = value * f.bitcast("F", (part + 1023) << 52)
    return value


def _clamped(f: Fn, x: Value) -> Value:
    """Into the range where the core is right; NaN stays NaN by the caller's selects."""
    bounded = f.select(x < OVERFLOW, x, OVERFLOW)
    return f.select(bounded > UNDERFLOW, bounded, UNDERFLOW)


def _finish_exp(f: Fn, x: Value, value: Value) -> Value:
    value = f.select(x > OVERFLOW, math.inf, value)
    value = f.select(x < UNDERFLOW, 0.0, value)
    return f.select(x.differs(x), x, value)


def _log_parts(f: Fn, x: Value, *, normal: bool) -> tuple[Value, Value]:
    """log x = head + tail for finite x > 0; head + tail is good to about 2^-65.  ``normal``: x is not subnormal."""
    if normal:
        scaled, shift = x, f.const("F", 2.0**52 + 1023)
    else:
        tiny = x < 2.0**-1022
        scaled = f.select(tiny, x * SUBNORMAL_SHIFT, x)
        shift = f.select(tiny, 2.0**52 + 1023 + 54, 2.0**52 + 1023, "F")
    bits = f.bitcast("I", scaled)
    # Adding the distance from sqrt(1/2) to 1 moves the cut of the exponent to sqrt(2).
    cut = 0x3FF0000000000000 - 0x3FE6A09E667F3BCD
    exponent = (bits + cut) >> 52
    mantissa = f.bitcast("F", bits - ((exponent - 1023) << 52))
    # A small whole number in the low bits of 2^52 becomes a double by subtraction.
    e = f.bitcast("F", exponent | 0x4330000000000000) - shift
    r = mantissa - 1.0
    d = r + 2.0
    d_low = r - (d - 2.0)
    inverse = f.const("F", 1.0) / d
    s = r * inverse
    s_low = f.fma(-s, d_low, f.fma(-s, d, r)) * inverse
    square = s * s
    series = _horner(f, square, [2 / (2 * k + 1) for k in range(1, ATANH_TERMS + 1)])
    head = f.fma(e, f.const("F", LN2_HI), s * 2.0)
    lost = f.fma(e, f.const("F", LN2_HI), -head) + s * 2.0
    # e LN2_HI is exact, so ``lost`` is what the sum dropped (the larger term is the product unless e = 0).
    tail = f.fma(square * s, series, f.fma(s_low, f.const("F", 2.0), f.fma(e, f.const("F", LN2_LO), lost)))
    total = head + tail
    return total, tail - (total - head)


def _one_argument(name: str, lanes: int) -> tuple[Fn, Value]:
    f = Fn(name, [("x", "F")], lanes, result="F", inline="noinline")
    return f, f.arguments[0]


def _either(f: Fn, plain: Value, value: Value, general: str) -> None:
    """Return ``value`` if all lanes are plain, else what the general function says; plain lanes agree in every bit."""
    result = f.var(value)
    with f.when(f.any(~plain)):
        result.set(f.call(general, "F", *f.arguments))
    f.ret(result.get())


def _exp_any(lanes: int) -> str:
    f, x = _one_argument("vexp_any", lanes)
    f.ret(_finish_exp(f, x, _exp_core(f, _clamped(f, x), None, normal=False)))
    return f.text()


def _exp(lanes: int) -> str:
    f, x = _one_argument("vexp", lanes)
    _either(f, f.intrinsic("fabs", x) < NORMAL, _exp_core(f, x, None, normal=True), "vexp_any")
    return f.text()


def _log_any(lanes: int) -> str:
    f, x = _one_argument("vlog_any", lanes)
    head, _ = _log_parts(f, x, normal=False)
    value = f.select(x.equals(math.inf), math.inf, head)
    value = f.select(x.equals(0.0), -math.inf, value)
    f.ret(f.select((x < 0.0) | x.differs(x), math.nan, value))
    return f.text()


def _log(lanes: int) -> str:
    f, x = _one_argument("vlog", lanes)
    _either(f, (x >= 2.0**-1022) & (x < math.inf), _log_parts(f, x, normal=True)[0], "vlog_any")
    return f.text()


def _scaled_log(f: Fn, x: Value, y: Value, *, normal: bool) -> tuple[Value, Value]:
    """y log x in two doubles."""
    head, tail = _log_parts(f, x, normal=normal)
    product = y * head
    return product, f.fma(y, tail, f.fma(y, head, -product))


def _pow_any(lanes: int) -> str:
    f = Fn("vpow_any", [("x", "F"), ("y", "F")], lanes, result="F", inline="noinline")
    x, y = f.arguments
    size = f.intrinsic("fabs", x)
    usual = (size > 0.0) & (size < math.inf)
    product, low = _scaled_log(f, f.select(usual, size, 1.0), y, normal=False)
    low = f.select(f.intrinsic("fabs", product) < OVERFLOW * 2, low, 0.0)
    value = _finish_exp(f, product, _exp_core(f, _clamped(f, product), low, normal=False))
    # |x| = 0 or infinite: the sign of y decides.
    grows = (size > 1.0) ^ (y < 0.0)
    value = f.select(usual, value, f.select(grows, math.inf, 0.0, "F"))
    whole = f.intrinsic("rint", y).equals(y)
    half = y * 0.5
    odd = whole & f.intrinsic("rint", half).differs(half)
    sign = f.bitcast("I", x) < 0
    value = f.select(sign & odd, -value, value)
    value = f.select((x < 0.0) & ~whole & (size < math.inf), math.nan, value)
    value = f.select(x.differs(x) | y.differs(y), math.nan, value)
    # |y| infinite, and the two cases that are 1 whatever the other argument.
    endless = f.intrinsic("fabs", y).equals(math.inf)
    towards = f.select(size.equals(1.0), 1.0, f.select(grows, math.inf, 0.0, "F"))
    value = f.select(endless & x.equals(x), towards, value)
    f.ret(f.select(y.equals(0.0) | x.equals(1.0), 1.0, value))
    return f.text()


def _pow(lanes: int) -> str:
    f = Fn("vpow", [("x", "F"), ("y", "F")], lanes, result="F", inline="noinline")
    x, y = f.arguments
    product, low = _scaled_log(f, x, y, normal=True)
    value = _exp_core(f, product, low, normal=True)
    plain = (x >= 2.0**-1022) & (x < math.inf) & (f.intrinsic("fabs", product) < NORMAL)
    _either(f, plain, value, "vpow_any")
    return f.text()
