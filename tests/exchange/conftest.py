"""One scenario with every kind of action, prepared once, that begins before day 0."""

from __future__ import annotations

import os
from typing import Any

import pytest

from hepaxis.exchange import Setting, exported_sbml, parse_scenario, prepare

TEXT = """
name: Everything at once
days: 60
every: 5
host: {liver: child_pugh_a, tumour.volume: 40}
regimens:
  - {id: durvalumab_tremelimumab}
antibiotics:
  - {class: vancomycin_oral, from: -4, to: -1}
donors:
  - {profile: healthy_donor, amount: 0.03, days: [-0.5, 7]}
levers:
  - {lever: steroid, value: 0.3, from: 20, to: 30.5}
  - {lever: tumour.kill, value: 0.6, days: [12]}
observe: [tumour_diameter, effectors/treg, share_bac, donor_share, barrier, pd1_central]
"""


@pytest.fixture(scope="session")
def setting() -> Setting:
    return prepare(parse_scenario(TEXT))


@pytest.fixture(scope="session")
def oracle() -> None:
    """libRoadRunner writes out every rule wherever it is used: six minutes of a core and 7 GB to load this model."""
    if os.environ.get("HEPAXIS_ORACLE") != "all":
        pytest.skip("libRoadRunner needs minutes to load this model; HEPAXIS_ORACLE=all")


@pytest.fixture(scope="session")
def whole(setting: Setting, oracle: None) -> Any:
    """libRoadRunner with the whole exported model and its protocol, loaded once for all tests that ask it."""
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    return roadrunner.RoadRunner(exported_sbml(setting))
