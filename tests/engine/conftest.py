"""Small models written here, and the way to make SBML of them, handed to the tests as the fixture ``models``."""

from __future__ import annotations

from types import SimpleNamespace

import antimony
import pytest

DECAY = "species X; compartment C = 1; X in C; X = 10; k = 0.5; X' = -k*X; double := 2*X;"

# Two-compartment drug, saturable binding, a tumour that the bound drug kills, a clock that time itself moves.
DRUG = """
C = 3; D = 3;
A' = k21*P - k12*A - cl*A;   P' = k12*A - k21*P;
V' = g*V*(1 - V/K) - kill*occupancy*V;
W' = tilt*sin(time) - W/5;
A = 0; P = 0; V = 1; W = 0.2;
k12 = 0.7; k21 = 0.3; cl = 0.11; g = 0.04; K = 50; kill = 0.09; h = 1.7; EC = 4; tilt = 0.3;
occupancy := A^h/(EC^h + A^h);
burden := V + W;
"""

# Robertson's reaction network: three time scales, conserved total.
ROBERTSON = "a' = -0.04*a + 1e4*b*c; b' = 0.04*a - 1e4*b*c - 3e7*b^2; c' = 3e7*b^2; a = 1; b = 0; c = 0;"


def sbml(text: str) -> str:
    """SBML of an Antimony model body."""
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(f"model m()\n{text}\nend\n") < 0:
        raise ValueError(antimony.getLastError())
    return str(antimony.getSBMLString("m"))


@pytest.fixture(scope="session")
def models() -> SimpleNamespace:
    return SimpleNamespace(sbml=sbml, DECAY=DECAY, DRUG=DRUG, ROBERTSON=ROBERTSON)
