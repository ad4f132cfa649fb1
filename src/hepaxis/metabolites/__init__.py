"""From a community to capacities for metabolites and receptor ligands, as distributions.

``capacities(abundance, lineages, profiler=..., seed=...)`` is the one verb.  One mechanism a file: ``fermentation``
(short-chain fatty acids with cross-feeding), ``bile``, ``tryptophan``, ``ligands``; three layers of uncertainty:
``carriage`` (traits), ``product_yields`` and ``residuals`` (a person).  ``measured`` values override.
"""

from __future__ import annotations

from hepaxis.metabolites.capacities import Capacities, capacities

__all__ = ["Capacities", "capacities"]
