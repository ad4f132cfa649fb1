"""Small profile files made here in the shape of each format.  None is copied from a real study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(text)`` -> a file with a name that says nothing about its format."""

    def make(content: str | bytes, name: str = "input.dat") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return make
