"""Figures of a cohort's page: forests, lines and clouds of points."""
