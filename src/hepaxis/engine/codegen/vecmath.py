"""exp, log and pow over the lanes, in plain arithmetic.

exp: x = n ln2 + r, |r| <= ln2/2, Taylor polynomial of degree 13 on r (remainder below 2^-58), 2^n put into the
exponent in two halves so that subnormal results round once.
log: x = 2^e m, m in [sqrt(1/2), sqrt(2)), atanh series in s = (m-1)/(m+1) with the head carried in two doubles.
pow: exp(y log|x|) with the logarithm in two doubles; signs, zeros, infinities and NaN as in C99 annex F.
Source: Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed. 2018, chapters 4 and 10.
"""

from __future__ import annotations

import math

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


def functions(lanes: int) -> str:
    """The text of @vexp, @vlog and @vpow."""
    return _exp(lanes) + _log(lanes) + _pow(lanes)


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


def _exp_core(f: Fn, x: Value, low: Value | None) -> Value:
    """exp(x + low) for x within the finite range; ``low`` is far below one ulp of x."""
    n = f.intrinsic("rint", x * LOG2_E)
    r = f.fma(n, f.const("F", -LN2_LO), f.fma(n, f.const("F", -LN2_HI), x))
    tail = _horner(f, r, [1 / math.factorial(k) for k in range(2, EXP_DEGREE + 1)])
    square = r * r
    # 1 + (r + (r^2 tail + low exp(r))): the small part is summed first.
    small = square * tail
    if low is not None:
        small = f.fma(square, tail, f.fma(low, f.fma(square, tail, r), low))
    value = (r + small) + 1.0
    whole = f.to_int(n)
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


def _exp(lanes: int) -> str:
    f = Fn("vexp", [("x", "F")], lanes, result="F", inline="noinline")
    x = f.arguments[0]
    f.ret(_finish_exp(f, x, _exp_core(f, _clamped(f, x), None)))
    return f.text()


def _log_parts(f: Fn, x: Value) -> tuple[Value, Value]:
    """log x = head + tail for finite x > 0; head + tail is good to about 2^-65."""
    tiny = x < 2.0**-1022
    scaled = f.select(tiny, x * SUBNORMAL_SHIFT, x)
    bits = f.bitcast("I", scaled)
    # Adding the distance from sqrt(1/2) to 1 moves the cut of the exponent to sqrt(2).
    cut = 0x3FF0000000000000 - 0x3FE6A09E667F3BCD
    moved = bits + cut
    exponent = f.emit("I", f"ashr {{t}} {moved.name}, {f.const('I', 52).name}") - 1023
    mantissa = f.bitcast("F", bits - (exponent << 52))
    e = f.emit("F", f"sitofp {f.type('I')} {exponent.name} to {{t}}") - f.select(tiny, 54.0, 0.0, "F")
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


def _log(lanes: int) -> str:
    f = Fn("vlog", [("x", "F")], lanes, result="F", inline="noinline")
    x = f.arguments[0]
    head, _ = _log_parts(f, x)
    value = f.select(x.equals(math.inf), math.inf, head)
    value = f.select(x.equals(0.0), -math.inf, value)
    f.ret(f.select((x < 0.0) | x.differs(x), math.nan, value))
    return f.text()


def _pow(lanes: int) -> str:
    """The usual case, 0 < x < inf and y finite in all lanes, skips the rest; its lanes get the same bits either way."""
    f = Fn("vpow", [("x", "F"), ("y", "F")], lanes, result="F", inline="noinline")
    x, y = f.arguments
    size = f.intrinsic("fabs", x)
    result = f.var(x)
    plain = (x > 0.0) & (x < math.inf) & (f.intrinsic("fabs", y) < math.inf)
    usual = (size > 0.0) & (size < math.inf)
    head, tail = _log_parts(f, f.select(usual, size, 1.0))
    product = y * head
    low = f.fma(y, head, -product)
    low = f.fma(y, tail, low)
    low = f.select(f.intrinsic("fabs", product) < OVERFLOW * 2, low, 0.0)
    value = _finish_exp(f, product, _exp_core(f, _clamped(f, product), low))
    result.set(value)
    with f.when(f.any(~plain)):
        # |x| = 0 or infinite: the sign of y decides.
        grows = (size > 1.0) ^ (y < 0.0)
        special = f.select(usual, value, f.select(grows, math.inf, 0.0, "F"))
        whole = f.intrinsic("rint", y).equals(y)
        half = y * 0.5
        odd = whole & f.intrinsic("rint", half).differs(half)
        sign = f.bitcast("I", x) < 0
        special = f.select(sign & odd, -special, special)
        special = f.select((x < 0.0) & ~whole & (size < math.inf), math.nan, special)
        special = f.select(x.differs(x) | y.differs(y), math.nan, special)
        # |y| infinite, and the two cases that are 1 whatever the other argument.
        endless = f.intrinsic("fabs", y).equals(math.inf)
        towards = f.select(size.equals(1.0), 1.0, f.select(grows, math.inf, 0.0, "F"))
        special = f.select(endless & x.equals(x), towards, special)
        special = f.select(y.equals(0.0) | x.equals(1.0), 1.0, special)
        result.set(f.select(plain, value, special))
    f.ret(result.get())
    return f.text()
