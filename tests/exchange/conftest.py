"""One scenario with every kind of action, prepared once, that begins before day 0."""

from __future__ import annotations

import pytest

from hepaxis.exchange import Setting, parse_scenario, prepare

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
