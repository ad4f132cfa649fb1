"""The assembled model, its small reference closure and a few closed patients, made once."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hepaxis import axis


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_reference_closure = _load("reference_closure")


@pytest.fixture(scope="session")
def model() -> axis.AxisModel:
    return axis.build()


@pytest.fixture(scope="session")
def closure(model):
    return _reference_closure.Closure(model)


@pytest.fixture(scope="session")
def patient(closure):
    """The default patient (median host, reference community) at rest."""
    closed = closure.close()
    assert closed.closed
    return closed


@pytest.fixture(scope="session")
def responder(closure):
    """A well infiltrated host with the reference community."""
    closed = closure.close(host_infiltration=1.5)
    assert closed.closed
    return closed
