"""The mechanistic model: one Antimony file and one parameter table a mechanism, assembled to SBML. No solver here.

``build`` gives the model with its tables (parameters, gates, ports, closure, levers, inputs, observables); ``describe``
counts its values by grade; ``gate_table`` lists its claims.  What the first version does not hold is said in
``hepaxis.axis.model``.
"""

from hepaxis.axis.model import AxisModel, build, describe, gate_table

__all__ = ["AxisModel", "build", "describe", "gate_table"]
