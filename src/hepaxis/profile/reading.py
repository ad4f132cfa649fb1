"""From a path to a `Profile`: open, tell the format, hand to its reader, assemble.

Readers are found in the table below and imported when used.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from hepaxis.problems import InputError, error, info
from hepaxis.profile.assemble import Draft, finish
from hepaxis.profile.formats import Format, refuse, sniff_source
from hepaxis.profile.record import Profile
from hepaxis.profile.source import Source, open_source

_SELF_CONTAINED = frozenset({"metaphlan", "gtdb", "motus", "bracken", "kraken2"})
_WITH_TAXONOMY = {"ogu": "ogu", "qiime2": "qiime2", "dada2": "dada2", "biom-json": "biom", "biom-hdf5": "biom"}


def read(path: str | Path, *, taxonomy: str | Path | None = None, sample: str | None = None) -> Profile:
    """Read a profile in any supported format.

    path      the abundance table; gzip or not; the extension is not looked at
    taxonomy  taxonomy file for ASV, OTU or genome ids; without it one is looked for beside the table
    sample    keep this sample only

    Raises InputError with every problem found.
    """
    source = open_source(path)
    found = sniff_source(source)
    draft = _draft(source, found, None if taxonomy is None else Path(taxonomy))
    if taxonomy is not None and found.name in _SELF_CONTAINED:
        hint = "leave it out: this format names its taxa itself"
        draft.problems.append(
            info("profile.taxonomy_not_used", "the taxonomy file was not used", hint, file=source.name)
        )
    draft.problems[:0] = source.encoding_problems if source.kind == "text" else ()
    if source.compressed:
        draft.log[:] = [replace(draft.log[0], text=draft.log[0].text + " (gzip)"), *draft.log[1:]] if draft.log else []
    return finish(draft, sample=sample)


def _draft(source: Source, found: Format, taxonomy: Path | None) -> Draft:
    if found.name in _SELF_CONTAINED:
        return import_module(f"hepaxis.profile.{found.name}").read(source)
    if found.name in _WITH_TAXONOMY:
        return import_module(f"hepaxis.profile.{_WITH_TAXONOMY[found.name]}").read(source, found, taxonomy)
    if found.name == "plain":
        return import_module("hepaxis.profile.plain").read(source, found, taxonomy)
    refuse(found, source)
    raise InputError([error("profile.unknown_file", "unreadable", "give a profile", file=source.name)])
