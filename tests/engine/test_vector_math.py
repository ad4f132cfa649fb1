"""exp, log and pow over the lanes: accuracy in units of the last place, and the special values of C99."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite.binding import orcjit

from hepaxis.engine.codegen import build, irtext, vecmath

LANES = 4
# Largest error seen in units of the last place of the true value; the tests hold it there.
ULP_EXP, ULP_LOG, ULP_POW = 1.0, 1.0, 2.0


@pytest.fixture(scope="module")
def functions() -> dict[str, Callable[..., np.ndarray]]:
    text = irtext.declarations(LANES) + vecmath.functions(LANES)
    for name, count in (("vexp", 1), ("vlog", 1), ("vpow", 2)):
        f = irtext.Fn(f"all_{name}", [*[(f"x{k}", "p") for k in range(count)], ("out", "p"), ("n", "i")], LANES)
        with f.each(f.arguments[-1]) as i:
            values = [f.load(x, i, "F") for x in f.arguments[:count]]
            f.store(f.call(name, "F", *values), f.arguments[count], i, "F")
        f.ret()
        text += f.text().replace("define internal", "define")
    cpu, features = build._host()
    text += f'attributes #0 = {{ nounwind "target-cpu"="{cpu}" "target-features"="{features}" }}\n'
    code = build._object_code(text, build.FULL)
    jit = llvm.create_lljit_compiler(build._machine(build.FULL))
    library = orcjit.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name in ("vexp", "vlog", "vpow"):
        library.export_symbol(f"all_{name}")
    linked = library.link(jit, "vector_math")

    def wrap(name: str, count: int) -> Callable[..., np.ndarray]:
        holder = (jit, linked)  # the memory of the code lives as long as the function
        raw = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (count + 1), ctypes.c_int64)(linked[f"all_{name}"])

        def call(*inputs: np.ndarray) -> np.ndarray:
            n = len(inputs[0])
            rooms = [np.zeros(-(-n // LANES) * LANES + 8) for _ in range(count + 1)]
            arrays = []
            for room in rooms:
                skip = (-room.ctypes.data % 32) // 8
                arrays.append(room[skip : skip + -(-n // LANES) * LANES])
            for array, values in zip(arrays, inputs, strict=False):
                array[:n] = values
            assert holder
            raw(*[a.ctypes.data for a in arrays], len(arrays[0]) // LANES)
            return arrays[-1][:n].copy()

        return call

    return {"exp": wrap("vexp", 1), "log": wrap("vlog", 1), "pow": wrap("vpow", 2)}


def ulps(got: np.ndarray, true: np.ndarray) -> float:
    """Against long double, which is good to about 1e-19 where the machine has it."""
    return float((np.abs(got.astype(np.longdouble) - true) / np.spacing(np.abs(true.astype(float)))).max())


needs_long_double = pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no extended precision here")


@needs_long_double
def test_exp(functions: dict[str, Callable[..., np.ndarray]]) -> None:
    draw = np.random.default_rng(1)
    x = np.concatenate([draw.uniform(-700, 700, 20000), draw.uniform(-2, 2, 20000), draw.uniform(-1e-9, 1e-9, 1000)])
    assert ulps(functions["exp"](x), np.exp(x.astype(np.longdouble))) < ULP_EXP


@needs_long_double
def test_log(functions: dict[str, Callable[..., np.ndarray]]) -> None:
    draw = np.random.default_rng(2)
    x = np.concatenate(
        [np.exp(draw.uniform(-700, 700, 20000)), draw.uniform(0.5, 2, 20000), 1 + draw.uniform(-1e-9, 1e-9, 1000)]
    )
    assert ulps(functions["log"](x), np.log(x.astype(np.longdouble))) < ULP_LOG
    tiny = np.array([5e-324, 2.3e-310, 1e-308])
    assert ulps(functions["log"](tiny), np.log(tiny.astype(np.longdouble))) < ULP_LOG


@needs_long_double
def test_pow(functions: dict[str, Callable[..., np.ndarray]]) -> None:
    draw = np.random.default_rng(3)
    x, y = np.exp(draw.uniform(-60, 60, 40000)), draw.uniform(-10, 10, 40000)
    usual = np.abs(y * np.log(x)) < 690
    x, y = x[usual], y[usual]
    assert ulps(functions["pow"](x, y), np.power(x.astype(np.longdouble), y.astype(np.longdouble))) < ULP_POW


def test_special_values(functions: dict[str, Callable[..., np.ndarray]]) -> None:
    inf, nan = math.inf, math.nan
    assert functions["exp"](np.array([0.0, -inf, inf, 710.0, -746.0])).tolist() == [1.0, 0.0, inf, inf, 0.0]
    assert functions["exp"](np.array([-745.0]))[0] == pytest.approx(5e-324)
    assert functions["log"](np.array([1.0, 0.0, inf])).tolist() == [0.0, -inf, inf]
    assert np.isnan(functions["log"](np.array([-1.0, nan]))).all()
    assert np.isnan(functions["exp"](np.array([nan]))).all()
    corners = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, inf, -inf, nan, 3.0, -3.0, 1e-300, 2.5]
    x, y = (a.ravel() for a in np.meshgrid(corners, corners))
    got = functions["pow"](x, y)
    for a, b, value in zip(x, y, got, strict=True):
        want = by_the_standard(a, b)
        same = (math.isnan(value) and math.isnan(want)) or value == pytest.approx(want, rel=1e-15, abs=0)
        assert same, (a, b, value, want)


def by_the_standard(x: float, y: float) -> float:
    """pow of the C library; Python turns its infinities and NaN into exceptions."""
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.inf
    except ValueError:
        if x != 0:
            return math.nan
        odd = y == int(y) and int(y) % 2 == 1
        return math.copysign(math.inf, x) if odd else math.inf
