"""Figures of a virtual trial, one a file.  Each gives a panel: picture, one sentence, data table; intervals always."""
