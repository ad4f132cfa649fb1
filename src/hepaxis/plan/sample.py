"""The stool sample as the plan shows it: which sample was taken, guilds against the reference, capacities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.metabolites import Capacities
from hepaxis.patient import PatientFolder
from hepaxis.patient.later import LaterSample
from hepaxis.plan.schema import CapacityRow, GuildRow, Interval, ProfileSection
from hepaxis.problems import InputError, Problem, error
from hepaxis.profile import alpha_diversity, read, resolve, shares
from hepaxis.profile.guilds import GUILDS, GuildShares
from hepaxis.profile.names import trait_coverage
from hepaxis.profile.record import Profile
from hepaxis.profile.reference import GuildReference, reference

KEPT_ENOUGH = 0.5  # identified share of the reads below which the prior is widened (design, module community)
OTHER_TOO_MUCH = 0.4  # share in the rest guild above which the prior is widened (design, module community)
TOP_TAXA = 3


@dataclass(frozen=True)
class Sample:
    """One sample of a profile with what was derived from it."""

    profile: Profile
    name: str
    file: str
    abundance: pd.Series
    guilds: GuildShares
    coverage: float
    reference: GuildReference
    problems: tuple[Problem, ...]

    @property
    def shares(self) -> pd.Series:
        return self.guilds.shares.iloc[0]

    @property
    def identified(self) -> float | None:
        unknown = float(self.profile.unknown.loc[self.name])
        return None if np.isnan(unknown) else 1.0 - unknown

    @property
    def doubtful(self) -> str:
        """Why the prior was widened, or ''."""
        reasons = []
        if self.identified is not None and self.identified < KEPT_ENOUGH:
            reasons.append(f"only {self.identified:.0%} of the sample was identified")
        if float(self.guilds.other.iloc[0]) > OTHER_TOO_MUCH:
            reasons.append(f"{float(self.guilds.other.iloc[0]):.0%} fell to no named guild")
        if self.coverage < KEPT_ENOUGH:
            reasons.append(f"traits are known for {self.coverage:.0%} of the abundance only")
        return "; ".join(reasons)


def read_sample(folder: PatientFolder) -> Sample | None:
    """The patient's sample, or None when the folder has no profile.

    Raises InputError when the profile cannot be read or the sample cannot be told.
    """
    if folder.profile_path is None:
        return None
    profile = read(folder.profile_path, taxonomy=folder.taxonomy_path)
    name = _choose(profile, folder)
    abundance = profile.abundance.loc[[name]]
    abundance = abundance.loc[:, abundance.iloc[0] > 0]
    lineages = profile.lineages.loc[abundance.columns]
    coverage = trait_coverage(abundance, resolve(lineages))
    return Sample(
        profile=profile,
        name=name,
        file=folder.profile_path.name,
        abundance=abundance.iloc[0],
        guilds=shares(abundance, lineages),
        coverage=float(coverage["total"].iloc[0]),
        reference=reference(profile.profiler),
        problems=profile.problems,
    )


def _choose(profile: Profile, folder: PatientFolder) -> str:
    asked = folder.record.stool.sample
    file = folder.profile_path.name if folder.profile_path else ""
    if asked is not None:
        if asked in profile.samples:
            return asked
        hint = f"give one of {', '.join(profile.samples[:8])}"
        raise InputError([error("plan.sample", f"sample '{asked}' is not in the profile", hint, file=file)])
    if len(profile.samples) == 1:
        return profile.samples[0]
    found = f"{len(profile.samples)} samples and no 'stool.sample' on the sheet"
    raise InputError(
        [error("plan.sample", found, f"name one of {', '.join(profile.samples[:8])} under stool.sample", file=file)]
    )


def profile_section(sample: Sample) -> ProfileSection:
    """What the report shows of the sample."""
    abundance = sample.abundance.to_frame().T
    diversity = alpha_diversity(abundance)
    unknown = float(sample.profile.unknown.loc[sample.name])
    return ProfileSection(
        sample=sample.name,
        file=sample.file,
        format=sample.profile.format,
        profiler=sample.profile.profiler,
        rank=sample.profile.rank,
        n_taxa=len(sample.abundance),
        unknown_fraction=None if np.isnan(unknown) else unknown,
        identified_fraction=sample.identified,
        trait_coverage=sample.coverage,
        other_share=float(sample.guilds.other.iloc[0]),
        shannon=float(diversity["shannon"].iloc[0]),
        reference=sample.reference.statement,
        guilds=_guild_rows(sample),
        log=tuple(str(step) for step in sample.profile.log),
        widened=sample.doubtful,
    )


def _guild_rows(sample: Sample) -> tuple[GuildRow, ...]:
    labels = {str(row["id"]): str(row["label"]) for row in knowledge.records("guilds")}
    quantiles = sample.reference.quantiles.to_dict()
    rows = []
    for guild in GUILDS:
        members = sample.abundance[(sample.guilds.by_taxon["guild"] == guild).to_numpy()]
        top = members.sort_values(ascending=False, kind="stable").index[:TOP_TAXA]
        share = float(sample.shares[guild])
        rows.append(
            GuildRow(
                guild=guild,
                label=labels[guild],
                share=share,
                ref_lo=float(quantiles[5][guild]),
                ref_median=float(quantiles[50][guild]),
                ref_hi=float(quantiles[95][guild]),
                detected=share > 0,
                top_taxa=tuple(_species(sample, str(taxon)) for taxon in top),
            )
        )
    return tuple(rows)


def _species(sample: Sample, taxon: str) -> str:
    lineage = sample.profile.lineages.loc[taxon]
    for rank in ("species", "genus", "family", "order"):
        if lineage[rank]:
            return str(lineage[rank]).replace("_", " ")
    return taxon


def _locators(cell: str) -> list[str]:
    """Locators with their prefix; the capacities' table writes DOIs bare."""
    words = [word.strip() for word in cell.replace(",", ";").split(";")]
    return [f"doi:{word}" if word.startswith("10.") else word for word in words if word]


def capacity_rows(capacities: Capacities) -> tuple[CapacityRow, ...]:
    """Capacities of the community, measured ones marked."""
    rows = []
    for id, row in capacities.summary.iterrows():
        rows.append(
            CapacityRow(
                id=str(id),
                label=str(row["label"]),
                unit=str(row["unit"]),
                value=Interval(*(float(row[c]) for c in ("median", "lo50", "hi50", "lo90", "hi90"))),
                ref_lo=float(row["ref_lo"]),
                ref_median=float(row["ref_median"]),
                ref_hi=float(row["ref_hi"]),
                status=str(row["status"]),
                note=str(row["note"]),
                sources=tuple(_locators(str(row["sources"]))),
            )
        )
    return tuple(rows)


def later_shares(later: LaterSample, known: GuildReference) -> np.ndarray:
    """(12,) guild shares of a later sample.

    Raises InputError when it cannot be read or told, or is of another profiler family.
    """
    profile = read(later.path)
    name = later.sample or (profile.samples[0] if len(profile.samples) == 1 else "")
    if name not in profile.samples:
        found = f"sample '{name}' is not in the profile" if name else f"{len(profile.samples)} samples and no name"
        hint = f"give one of {', '.join(profile.samples[:8])} in the column name"
        raise InputError([error("plan.sample", found, hint, file=later.path.name)])
    family = reference(profile.profiler).family
    if family != known.family:
        found = f"the later sample is of the {family} family, the first of {known.family}"
        hint = "profile both with one tool: their shares cannot be compared"
        raise InputError([error("plan.profiler", found, hint, file=later.path.name)])
    abundance = profile.abundance.loc[[name]]
    abundance = abundance.loc[:, abundance.iloc[0] > 0]
    found_shares = shares(abundance, profile.lineages.loc[abundance.columns]).shares
    values: np.ndarray = found_shares.iloc[0].reindex(list(GUILDS)).to_numpy(float)
    return values / values.sum()
