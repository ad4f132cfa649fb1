"""Small batches of virtual patients, closed once a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hepaxis.patient import Patient
from hepaxis.population import Guts, Twin, build_twin, draw_mechanisms, gut_from_prior, prior_mean_mechanisms
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import GuildReference
from hepaxis.profile.reference import reference as guild_reference

TAU = 0.2  # about the solved scale; these tests must not move with it
HOSTS, DRAWS, SEED = 6, 3, 11


@pytest.fixture(scope="session")
def reference() -> GuildReference:
    return guild_reference("metaphlan4")


@pytest.fixture(scope="session")
def prior_guts(reference: GuildReference) -> Guts:
    return gut_from_prior(reference, DRAWS, SEED)


@pytest.fixture(scope="session")
def twin(reference: GuildReference, prior_guts: Guts) -> Twin:
    """Six hosts of the population on three guts and three draws of the mechanism."""
    return build_twin(None, prior_guts, draw_mechanisms(DRAWS, TAU, SEED), reference, hosts=HOSTS, seed=SEED)


@pytest.fixture(scope="session")
def gut_of() -> Callable[..., Guts]:
    """``gut_of({"but": 0.3, ...})`` -> one gut of these shares (the rest 'oth'), every absent niche as ``open_``."""

    def make(shares: dict[str, float], *, open_: float = 1.0, source: str = "profile", **inputs: float) -> Guts:
        row = np.array([shares.get(guild, 0.0) for guild in GUILDS])
        row[GUILDS.index("oth")] += 1.0 - row.sum()
        opened = np.where(row > 0, 1.0, open_)
        table = pd.DataFrame({name.replace("__", "."): [value] for name, value in inputs.items()}, index=range(1))
        return Guts(row[None, :], np.full((1, len(GUILDS)), 0.02), opened[None, :], table, source)

    return make


@pytest.fixture(scope="session")
def mean_mechanisms() -> Any:
    return prior_mean_mechanisms(TAU)


@pytest.fixture(scope="session")
def sheet() -> Callable[..., Patient]:
    """``sheet(liver={"albumin": 40})`` -> a patient of whom nothing else is known."""
    return lambda **sections: Patient.model_validate(sections)
