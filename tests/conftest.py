"""Shared fixtures.  Public data sits beside the project; a test that needs it skips with a reason where it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """``shared("data/cirrhosis_qin2014")`` -> path, or a skip that names what is missing."""

    def find(relative: str) -> Path:
        path = SHARED / relative
        if not path.exists():
            pytest.skip(f"public test data not found: ../shared/{relative}")
        return path

    return find
