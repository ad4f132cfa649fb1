"""QIIME 2 exports: ``# Constructed from biom file``, ``#OTU ID``, counts written as 1449.0, names in a separate
``Feature ID / Taxon / Confidence`` file; a ``#q2:types`` line is no sample."""

from __future__ import annotations

from pathlib import Path

from hepaxis.profile.assemble import Draft
from hepaxis.profile.features import read_features
from hepaxis.profile.formats import Format
from hepaxis.profile.source import Source


def read(source: Source, found: Format, taxonomy: Path | None) -> Draft:
    """QIIME 2 feature table -> Draft.  Raises InputError when the ids have no names."""
    return read_features(source, kind="qiime2", taxa_in="rows", taxonomy=taxonomy)
