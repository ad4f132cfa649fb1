"""DADA2 and phyloseq tables: samples x ASV or the transpose, ASVs named by number, hash or sequence, names in a
separate table of ranks."""

from __future__ import annotations

from pathlib import Path

from hepaxis.profile.assemble import Draft
from hepaxis.profile.features import read_features
from hepaxis.profile.formats import Format
from hepaxis.profile.source import Source


def read(source: Source, found: Format, taxonomy: Path | None) -> Draft:
    """ASV table, either way round -> Draft.  Raises InputError when the ASVs have no names."""
    return read_features(source, kind="dada2", taxa_in=found.taxa_in, taxonomy=taxonomy)
