"""Figures of the page of candidate mimics: alignments, nulls, and the score held out."""
