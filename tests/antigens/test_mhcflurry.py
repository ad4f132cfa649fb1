"""MHCflurry is used where it and its models are there, and asked for nothing else; a stand-in plays it here."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from hepaxis.antigens import mhcflurry
from hepaxis.antigens.targets import rank_of, supported_alleles


class Predictor:
    """The part of MHCflurry's affinity predictor that is used."""

    supported_alleles = ("HLA-A*02:07", "H2-Kb", "BoLA-1")

    @classmethod
    def load(cls):
        return cls()

    def predict_to_dataframe(self, peptides, allele):
        return pd.DataFrame(
            {"peptide": peptides, "allele": allele, "prediction_percentile": [0.5 * len(p) for p in peptides]}
        )


@pytest.fixture
def installed(monkeypatch):
    package, downloads = ModuleType("mhcflurry"), ModuleType("mhcflurry.downloads")
    package.Class1AffinityPredictor = Predictor
    downloads.get_path = lambda name: f"/models/{name}"
    monkeypatch.setitem(sys.modules, "mhcflurry", package)
    monkeypatch.setitem(sys.modules, "mhcflurry.downloads", downloads)
    monkeypatch.setattr(mhcflurry, "find_spec", lambda name: object())
    return downloads


def test_its_molecules_are_added_and_ranked(installed):
    backend = mhcflurry.installed_models()
    assert backend.alleles == ("H2-Kb", "HLA-A*02:07")
    assert "HLA-A*02:07" in supported_alleles([backend])
    assert rank_of("HLA-A*02:07", "FMNKFIYEI", [backend]) == 4.5
    assert rank_of("HLA-C*01:02", "FMNKFIYEI", [backend]) is None
    assert np.array_equal(backend.rank("HLA-A*02:07", []), np.empty(0))


def test_without_models_it_is_as_if_it_were_not_there(installed):
    def missing(name):
        raise RuntimeError(f"Missing MHCflurry downloadable file: {name}")

    installed.get_path = missing
    assert mhcflurry.installed_models() is None


def test_without_the_package_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(mhcflurry, "find_spec", lambda name: None)
    assert mhcflurry.installed_models() is None
