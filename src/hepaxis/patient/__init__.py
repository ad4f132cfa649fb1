"""The clinic sheet: record, liver scores, exposures, checks."""
