"""The model's gut of each patient at rest, before any course: what a baseline sample would tell if it were measured."""

from __future__ import annotations

import pandas as pd

from hepaxis.population import Twin, engine_model

#: Column of a trial's rows -> variable of the model.
REST = {
    "rest_butyrate": "made_butyrate",
    "rest_secondary_ratio": "secondary_ratio",
    "rest_dca_fraction": "dca_fraction",
    "rest_ipa": "ipa",
    "rest_lps": "hexa_portal",
    "rest_barrier": "barrier",
    "rest_gut_contrast": "gut_contrast",
    "rest_biomass": "biomass",
    "rest_cd8": "effectors",
}


def rest_features(twin: Twin) -> pd.DataFrame:
    """One row a patient, columns of ``REST`` in the model's units."""
    values = engine_model().observe(twin.closed.states, twin.closed.parameters, list(REST.values()))
    return pd.DataFrame(values, columns=list(REST))
