"""The mechanistic model: one Antimony file and one parameter table a mechanism, assembled to SBML. No solver here."""
