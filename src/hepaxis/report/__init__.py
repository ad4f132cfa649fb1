"""Figures and the one-file HTML report; takes results, computes none."""
