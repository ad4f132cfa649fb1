"""Each tryptophan route follows its own carriers and saturates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hepaxis.metabolites import tryptophan
from hepaxis.metabolites.community import Community

Gut = Callable[[dict[str, float]], Community]


@pytest.mark.parametrize(
    ("route", "carrier", "other"),
    [
        ("indole", "Bacteroides thetaiotaomicron", "Phocaeicola vulgatus"),
        ("ipa", "Clostridium sporogenes", "Clostridium scindens"),
        ("ila", "Bifidobacterium longum", "Bacteroides uniformis"),
        ("i3a", "Limosilactobacillus reuteri", "Streptococcus salivarius"),
        ("tryptamine", "Mediterraneibacter gnavus", "Blautia obeum"),
    ],
)
def test_a_route_follows_its_carriers(route: str, carrier: str, other: str, gut: Gut, rng: np.random.Generator) -> None:
    def activity(species: str) -> float:
        community = gut({species: 0.1, "Segatella copri": 0.9})
        carriage = tryptophan.draw_route(community, route, 300, rng)
        return float(np.median(tryptophan.route_activity(community, route, carriage)))

    assert activity(carrier) > 2 * activity(other)


def test_a_route_saturates_because_tryptophan_is_limited(gut: Gut, rng: np.random.Generator) -> None:
    def activity(share: float) -> float:
        community = gut({"Escherichia coli": share, "Segatella copri": 1 - share})
        carriage = tryptophan.draw_route(community, "indole", 300, rng)
        return float(np.median(tryptophan.route_activity(community, "indole", carriage)))

    assert activity(0.2) - activity(0.1) > 1.5 * (activity(0.9) - activity(0.8))
    assert activity(0.99) < 1.0
