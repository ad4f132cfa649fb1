"""The bridge to the model: real communities in the model's terms, and which of its claims would have to act.

``rest_of`` gives each sample the features a virtual patient has at rest, and a mechanistic score; ``gates_for`` asks
which gates carry the model's predicted difference between two typical communities.
"""

from hepaxis.cohort.mechanism.gates import GateShares, gates_for
from hepaxis.cohort.mechanism.rest import RestFeatures, rest_of

__all__ = ["GateShares", "RestFeatures", "gates_for", "rest_of"]
