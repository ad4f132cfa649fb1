"""Folders and small plans of a made patient."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hepaxis.patient import load
from hepaxis.plan.make import make_plan
from hepaxis.plan.schema import Plan

sys.path.insert(0, str(Path(__file__).parent))

from made_patient import ASKING, SHEET, USUAL, metaphlan

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """``make_folder(shares, liver={...}, metabolites="...")`` -> a patient's folder (no profile for None)."""

    def make(shares: dict[str, float] | None = USUAL, *, metabolites: str | None = None, **sections: Any) -> Path:
        folder = tmp_path / f"patient_{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "patient.yaml").write_text(yaml.safe_dump(SHEET | sections), encoding="utf-8")
        if shares is not None:
            (folder / "profile.tsv").write_text(metaphlan(shares), encoding="utf-8")
        if metabolites is not None:
            (folder / "metabolites.csv").write_text(metabolites, encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def usual_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """One plan with three add-ons, of which one is in trials only and one is blocked."""
    folder = tmp_path_factory.mktemp("usual")
    (folder / "patient.yaml").write_text(
        yaml.safe_dump(SHEET | {"aetiology": {"causes": ["hcv"], "cirrhosis": True}}), encoding="utf-8"
    )
    (folder / "profile.tsv").write_text(metaphlan(USUAL), encoding="utf-8")
    return make_plan(load(folder), ASKING)
