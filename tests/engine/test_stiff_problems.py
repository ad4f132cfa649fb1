"""The stiff problems of the literature, by name, against published or independent solutions; order of convergence.

Sources of problems and end values: Mazzia & Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (HIRES,
Pollution, Robertson, VdP); Hairer & Wanner, Solving ODEs II, section IV.10 (E5).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hepaxis import engine
from hepaxis.engine import rodas

HIRES = """
y1' = -1.71*y1 + 0.43*y2 + 8.32*y3 + 0.0007;      y2' = 1.71*y1 - 8.75*y2;
y3' = -10.03*y3 + 0.43*y4 + 0.035*y5;             y4' = 8.32*y2 + 1.71*y3 - 1.12*y4;
y5' = -1.745*y5 + 0.43*y6 + 0.43*y7;              y6' = -280*y6*y8 + 0.69*y4 + 1.71*y5 - 0.43*y6 + 0.69*y7;
y7' = 280*y6*y8 - 1.81*y7;                        y8' = -280*y6*y8 + 1.81*y7;
y1 = 1; y2 = 0; y3 = 0; y4 = 0; y5 = 0; y6 = 0; y7 = 0; y8 = 0.0057;
"""
HIRES_END = {
    "y1": 0.7371312573325668e-3,
    "y2": 0.1442485726316185e-3,
    "y3": 0.5888729740967575e-4,
    "y4": 0.1175651343283149e-2,
    "y5": 0.2386356198831331e-2,
    "y6": 0.6238968252742796e-2,
    "y7": 0.2849998395185769e-2,
    "y8": 0.2850001604814231e-2,
}
ROBERTSON_END = {"a": 0.2083340149701255e-7, "b": 0.8333360770334713e-13, "c": 0.9999999791665050}  # at 1e11
VAN_DER_POL = "x' = v; v' = ((1 - x^2)*v - x)/1e-6; x = 2; v = 0;"
VAN_DER_POL_END = {"x": 1.706167732170469, "v": -0.8928097010248125}  # at 2
E5 = """
a' = -7.89e-10*a - 1.1e7*a*c;  b' = 7.89e-10*a - 1.13e9*b*c;
c' = 7.89e-10*a - 1.1e7*a*c + 1.13e3*d - 1.13e9*b*c;  d' = 1.1e7*a*c - 1.13e3*d;
a = 1.76e-3; b = 0; c = 0; d = 0;
"""
# The air pollution model of Verwer: reaction rates k and the stoichiometry they enter with.
POLLUTION_RATES = [
    (0.35, "y1"), (26.6, "y2*y4"), (1.23e4, "y5*y2"), (8.6e-4, "y7"), (8.2e-4, "y7"), (1.5e4, "y7*y6"),
    (1.3e-4, "y9"), (2.4e4, "y9*y6"), (1.65e4, "y11*y2"), (9.0e3, "y11*y1"), (0.022, "y13"), (1.2e4, "y10*y2"),
    (1.88, "y14"), (1.63e4, "y1*y6"), (4.8e6, "y3"), (3.5e-4, "y4"), (0.0175, "y4"), (1.0e8, "y16"),
    (4.44e11, "y16"), (1.24e3, "y17*y6"), (2.1, "y19"), (5.78, "y19"), (0.0474, "y1*y4"), (1.78e3, "y19*y1"),
    (3.12, "y20"),
]  # fmt: skip
POLLUTION_SUMS = {
    1: "-1-10-14-23-24+2+3+9+11+12+22+25", 2: "-2-3-9-12+1+21", 3: "-15+1+17+19+22", 4: "-2-16-17-23+15",
    5: "-3+4+4+6+7+13+20", 6: "-6-8-14-20+3+18+18", 7: "-4-5-6+13", 8: "+4+5+6+7", 9: "-7-8", 10: "-12+7+9",
    11: "-9-10+8+11", 12: "+9", 13: "-11+10", 14: "-13+12", 15: "+14", 16: "-18-19+16", 17: "-20", 18: "+20",
    19: "-21-22-24+23+25", 20: "-25+24",
}  # fmt: skip
POLLUTION_START = {2: 0.2, 4: 0.04, 7: 0.1, 8: 0.3, 9: 0.01, 17: 0.007}


def pollution() -> str:
    lines = [f"r{k} := {rate}*{what};" for k, (rate, what) in enumerate(POLLUTION_RATES, 1)]
    for k, terms in POLLUTION_SUMS.items():
        lines.append(f"y{k}' = {terms.replace('+', ' + r').replace('-', ' - r')}; y{k} = {POLLUTION_START.get(k, 0)};")
    return "\n".join(lines)


def end(model: engine.Model, time: float, **options: object) -> dict[str, float]:
    run = model.simulate(None, None, [time], **options)  # type: ignore[arg-type]
    assert run.failures.empty
    return dict(zip(run.observed, run.values[0, -1].tolist(), strict=True))


def worst(got: dict[str, float], want: dict[str, float]) -> float:
    return max(abs(got[name] - value) / abs(value) for name, value in want.items())


def test_hires(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(HIRES))
    assert worst(end(model, 321.8122, rtol=1e-10, atol=1e-14), HIRES_END) < 1e-7


def test_robertson_over_eleven_decades(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(models.ROBERTSON))
    got = end(model, 1e11, rtol=1e-9, atol=1e-20)
    assert worst(got, ROBERTSON_END) < 1e-6
    assert sum(got.values()) == pytest.approx(1.0, abs=1e-9)


def test_van_der_pol(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(VAN_DER_POL))
    assert worst(end(model, 2.0, rtol=1e-9, atol=1e-12), VAN_DER_POL_END) < 1e-6


def test_pollution(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(pollution()))
    got = end(model, 60.0, rtol=1e-10, atol=1e-16)
    assert got["y1"] == pytest.approx(0.5646255480022769e-1, rel=1e-7)
    independent = solve_ivp(
        lambda t, y: model.rhs(y)[0],
        (0, 60),
        [model.default_initial[s] for s in model.states],
        method="Radau",
        rtol=1e-8,
        atol=1e-14,
        jac=lambda t, y: model.jacobian(y)[0],
    )
    assert worst(got, dict(zip(model.states, independent.y[:, -1].tolist(), strict=True))) < 1e-5


def test_e5(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(E5))
    got = end(model, 1e5, rtol=1e-8, atol=1e-24)
    independent = solve_ivp(
        lambda t, y: model.rhs(y)[0],
        (0, 1e5),
        [1.76e-3, 0, 0, 0],
        method="Radau",
        rtol=1e-8,
        atol=1e-24,
        jac=lambda t, y: model.jacobian(y)[0],
    )
    want = dict(zip(model.states, independent.y[:, -1].tolist(), strict=True))
    assert worst(got, want) < 1e-4
    # What left a is in b and d or was lost with c: the conserved combination b - c - d stays zero.
    assert abs(got["b"] - got["c"] - got["d"]) < 1e-7 * abs(got["b"])


def test_order_of_convergence(models: SimpleNamespace) -> None:
    """Error falls with the fifth power of the step: with step size as tolerance^(1/5), error goes as tolerance."""
    model = engine.load(models.sbml("x' = -2*x + y*cos(time); y' = x - y^2; x = 1; y = 0.5;"))
    exact = np.array(list(end(model, 4.0, rtol=1e-13, atol=1e-16).values()))
    errors, steps = [], []
    for rtol in (1e-5, 1e-7, 1e-9, 1e-11):
        run = model.simulate(None, None, [4.0], rtol=rtol, atol=rtol * 1e-3)
        errors.append(np.abs(run.values[0, -1] - exact).max())
        steps.append(run.steps[0])
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 4.5 < order < 6.5
    assert errors[-1] < 1e-10


def test_coefficients_fulfil_their_relations() -> None:
    """Stage times and weights of df/dt are row sums of the classical coefficients."""
    gamma = np.linalg.inv(np.eye(rodas.STAGES) / rodas.GAMMA - rodas.C)
    assert np.allclose((rodas.A @ gamma).sum(axis=1), rodas.ALPHA, atol=1e-12)
    assert np.allclose(gamma.sum(axis=1), rodas.GAMMA_SUM, atol=1e-12)
