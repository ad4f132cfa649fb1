"""SBML to batched integration, rest points and sensitivities of many patients.  No biology here."""

from __future__ import annotations

from .faults import Cancelled, EngineError, Fault, InputMismatch, ProtocolError, UnsupportedModel
from .model import Model, load
from .results import Sensitivity, SteadyState, Trajectory

__all__ = [
    "Cancelled",
    "EngineError",
    "Fault",
    "InputMismatch",
    "Model",
    "ProtocolError",
    "Sensitivity",
    "SteadyState",
    "Trajectory",
    "UnsupportedModel",
    "load",
]
