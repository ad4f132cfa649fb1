"""Genome tables (OGU, MAG): one row a genome, names in a ``Feature ID / Taxon`` file with GTDB lineages; many
genomes a species are summed, genomes without a species stay at their genus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hepaxis.problems import InputError
from hepaxis.profile.assemble import Draft
from hepaxis.profile.features import read_features
from hepaxis.profile.formats import Format
from hepaxis.profile.source import Source


def read(source: Source, found: Format, taxonomy: Path | None) -> Draft:
    """Genome table, either way round -> Draft.  Raises InputError when the genomes have no names."""
    try:
        draft = read_features(source, kind="ogu", taxa_in="rows", taxonomy=taxonomy)
    except InputError as fault:
        # ids that name nothing in the rows may be samples: try the columns before giving up
        codes = {p.code for p in fault.problems}
        if not codes & {"profile.taxonomy_missing", "profile.taxonomy_mismatch", "profile.bad_number"}:
            raise
        try:
            draft = read_features(source, kind="ogu", taxa_in="columns", taxonomy=taxonomy)
        except InputError:
            raise fault from None
    draft.profiler = "ogu"
    draft.log[0] = replace(draft.log[0], text=draft.log[0].text.replace("feature", "genome"))
    return draft
