"""Makes ``made_courses`` importable by the tests of this room under pytest's importlib mode."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

NAME = "made_courses"
spec = importlib.util.spec_from_file_location(NAME, Path(__file__).with_name(f"{NAME}.py"))
assert spec is not None
assert spec.loader is not None
sys.modules[NAME] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[NAME])
