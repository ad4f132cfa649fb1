"""From a community to capacities for metabolites and receptor ligands, as distributions."""
