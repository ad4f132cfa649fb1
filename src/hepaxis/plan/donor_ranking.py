"""Donors ranked for this recipient: what of a donor settles in this gut, what it brings and takes, and whether it may.

Held: each donor's stool is given as the capsules of the catalogue, with and without the lead-in of the catalogue, to
the same virtual patients.  Engraftment is the model's: donor cells compete with residents guild by guild, niche overlap
is drawn.  Within a guild, species are parted as the donor had them and as the recipient had them, which no strain
competition alters here.  Screening rules are those of the safety table, answered by the donor's sheet.  Donors are
ranked by median change of response; a small difference is said to be none.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import knowledge, therapy
from hepaxis.plan.donors import NAMES, Donor, columns, read_donors
from hepaxis.plan.estimates import Cross, chance_of_best, change, over_people
from hepaxis.plan.safety import STATEMENT_RULE, evaluate, status
from hepaxis.plan.safety_facts import SafetyFacts
from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import (
    DonorRow,
    Donors,
    Engraftment,
    FunctionChange,
    Interval,
    SafetyFlag,
    SpeciesChange,
)
from hepaxis.plan.simulation import Simulated, simulate
from hepaxis.plan.two_stage import Progress, Stage
from hepaxis.profile.guilds import GUILDS

CAPSULES, AFTER_LEAD_IN, RESPONDER = "fmt_capsules_healthy", "fmt_vancomycin_leadin", "fmt_responder_donor"
RESPONDERS = "responder"
DAY = 91.0  # weekly grid: the day nearest to three months, at which trials read engraftment
DETECTION = 1e-4  # share of the community that a metagenome of usual depth finds; assumed
MOST_SPECIES = 8  # of each origin
PER_GUILD = tuple(name for guild in GUILDS for name in (f"don_{guild}", f"res_{guild}", f"share_{guild}"))
OBSERVE = ("donor_share", "biomass", *PER_GUILD)
APART = 0.9  # chance of best from which one donor stands apart
LEAST = 0.05  # change of a function or guild below which nothing is said of it; assumed


@dataclass(frozen=True)
class Given:
    """One donor's courses: without and with the lead-in; None where a rule blocks it."""

    donor: Donor
    flags: tuple[SafetyFlag, ...]
    status: str
    plain: Simulated | None = None
    lead_in: Simulated | None = None


def donor_section(
    folder: Path | None,
    facts: SafetyFacts,
    sample: Sample | None,
    regimen: str,
    stage: Stage,
    seed: int,
    progress: Progress,
) -> Donors | None:
    """The donors of a folder on the stage's virtual patients; None without a folder.

    Raises InputError for faults of the folder.
    """  # fmt: skip
    if folder is None:
        return None
    return ranked_donors(read_donors(folder), facts, sample, regimen, stage, seed, progress)


def ranked_donors(
    donors: Sequence[Donor],
    facts: SafetyFacts,
    sample: Sample | None,
    regimen: str,
    stage: Stage,
    seed: int,
    progress: Progress,
) -> Donors:
    """Every donor with its courses, best first; blocked ones last."""  # fmt: skip
    observe = (*OBSERVE, *functions())
    base = simulate(stage.twin, (regimen,), stage.setting, observe=observe)
    given = []
    for donor in donors:
        flags = screening(donor, facts, regimen)
        found = status(flags)
        if found == "blocked":
            given.append(Given(donor, flags, found))
            continue
        runs = []
        for arm in (CAPSULES, AFTER_LEAD_IN):
            progress(f"donor {donor.id}: {arm}")
            part = therapy.Component(arm, donor=donor.shares)
            runs.append(simulate(stage.twin, (therapy.Component(regimen), part), stage.setting, observe=observe))
        given.append(Given(donor, flags, found, *runs))
    ok = stage.twin.ok & ~base.failed
    for one in given:
        for run in (one.plain, one.lead_in):
            ok &= True if run is None else ~run.failed
    cross = Cross.of(stage.twin, ok)
    rows = [_row(one, base, cross, sample) for one in given]
    rows = _with_chances(rows, given, base, cross, seed)
    sources = ("nct:NCT04951583", "doi:10.1158/2159-8290.CD-24-0066", *_sources())
    return Donors(tuple(rows), _sentence(rows), DAY, DETECTION, len(ok), tuple(dict.fromkeys(sources)))


def screening(donor: Donor, facts: SafetyFacts, regimen: str) -> tuple[SafetyFlag, ...]:
    """What the safety rules say of this donor for this recipient; what its sheet does not answer is asked."""
    answers: dict[str, Any] = {f"donor_{name}": donor.screening.get(name) for name in columns() if name not in NAMES}
    known = replace(facts, **answers, donor_prevotella_rich=donor.prevotella_rich)
    flags = evaluate((regimen, CAPSULES), known)
    return tuple(flag for flag in flags if flag.rule != STATEMENT_RULE)


@cache
def functions() -> dict[str, dict[str, str]]:
    """Observable -> row of the table."""
    return {row["observable"]: row for row in _table("donor_functions.csv")}


@cache
def harmful() -> dict[str, str]:
    """Guild -> why its loss is wanted."""
    return {row["guild"]: row["why"] for row in _table("donor_harm.csv")}


def _sources() -> tuple[str, ...]:
    return tuple(row["source"] for name in ("donor_harm.csv", "donor_functions.csv") for row in _table(name))


def _table(name: str) -> list[dict[str, str]]:
    with files("hepaxis.plan").joinpath(name).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _at(run: Simulated, name: str) -> np.ndarray:
    day = int(np.argmin(np.abs(run.run.days - DAY)))
    values: np.ndarray = run.run.values[name][:, day]
    return values


def donor_fraction(run: Simulated, guild: str) -> np.ndarray:
    """(V,) share of a guild's cells that are the donor's, on the day of reading."""
    donor, resident = (np.maximum(_at(run, f"{kind}_{guild}"), 0.0) for kind in ("don", "res"))
    fraction: np.ndarray = donor / np.maximum(donor + resident, np.finfo(float).tiny)
    return fraction


def guild_share(run: Simulated, guild: str) -> np.ndarray:
    """(V,) share of the community, on the day of reading."""
    share: np.ndarray = _at(run, f"share_{guild}") / np.maximum(_at(run, "biomass"), np.finfo(float).tiny)
    return share


def _row(one: Given, base: Simulated, cross: Cross, sample: Sample | None) -> DonorRow:
    donor = one.donor
    kind = RESPONDER if donor.kind == RESPONDERS else CAPSULES
    arm = therapy.arm(kind)
    evidence = f"{arm.evidence_grade}: {knowledge.row('microbiota_arms', kind)['evidence_short']}"
    empty = DonorRow(
        donor.id, donor.file, donor.kind, one.status, None, None, None, None, None, None, "", (), (), (), one.flags,
        evidence, "",
    )  # fmt: skip
    if one.plain is None or one.lead_in is None:
        why = "; ".join(flag.text for flag in one.flags if flag.severity == "block")
        return replace(empty, sentence=f"Not to be used: {why}")
    plain, lead = one.plain.endpoints.response, one.lead_in.endpoints.response
    made = replace(
        empty,
        change_response=change(cross, base.endpoints.response, plain),
        lead_in_change=change(cross, plain, lead),
        donor_share=over_people(cross, _at(one.plain, "donor_share")),
        donor_share_lead_in=over_people(cross, _at(one.lead_in, "donor_share")),
        guilds=tuple(
            _guild(one, base, cross, guild) for guild in GUILDS if donor.shares.shares[GUILDS.index(guild)] > 0
        ),
        functions=tuple(_function(row, one.plain, base, cross) for row in functions().values()),
        species=() if sample is None else _species(one, cross, sample),
    )
    return replace(made, lead_in=_lead_in(made), sentence=_says(made))


def _guild(one: Given, base: Simulated, cross: Cross, guild: str) -> Engraftment:
    assert one.plain is not None
    label = next(str(row["label"]) for row in knowledge.records("guilds") if row["id"] == guild)
    fold = guild_share(one.plain, guild) / np.maximum(guild_share(base, guild), DETECTION)
    donor = over_people(cross, donor_fraction(one.plain, guild))
    given = one.donor.shares.shares[GUILDS.index(guild)]
    return Engraftment(guild, label, given, donor, over_people(cross, fold), guild in harmful())


def _function(row: dict[str, str], run: Simulated, base: Simulated, cross: Cross) -> FunctionChange:
    before, after = _at(base, row["observable"]), _at(run, row["observable"])
    ratio = after / np.where(np.abs(before) > np.finfo(float).tiny, before, np.nan)
    return FunctionChange(row["observable"], row["label"], over_people(cross, ratio), int(row["wanted"]))


def _species(one: Given, cross: Cross, sample: Sample) -> tuple[SpeciesChange, ...]:
    """Species that come, that stay out, and harmful ones of the recipient: the largest of each."""
    assert one.plain is not None
    theirs = _by_name(one.donor.abundance, one.donor.lineages, one.donor.guild)
    mine = _by_name(
        sample.abundance, sample.profile.lineages.loc[sample.abundance.index], sample.guilds.by_taxon["guild"]
    )
    rows = []
    for name in dict.fromkeys([*theirs.index, *mine.index]):
        guild = str((theirs if name in theirs.index else mine).loc[name, "guild"])
        given = float(theirs["share"].get(name, 0.0)) / max(theirs.loc[theirs["guild"] == guild, "share"].sum(), 1e-12)
        had = float(mine["share"].get(name, 0.0))
        kept = had / max(mine.loc[mine["guild"] == guild, "share"].sum(), 1e-12)
        fraction = donor_fraction(one.plain, guild)
        after = guild_share(one.plain, guild) * (fraction * given + (1.0 - fraction) * kept)
        origin = "both" if given > 0 and had > 0 else "donor" if given > 0 else "recipient"
        found = float(np.average(after > DETECTION, weights=cross.lane_weights)) if cross.ok.any() else float("nan")
        rows.append(SpeciesChange(name, guild, origin, had, over_people(cross, after), found, guild in harmful()))
    rows.sort(key=lambda row: (-max(row.share.median, row.before), row.name))
    arrive = [row for row in rows if row.origin == "donor"][:MOST_SPECIES]
    bad = [row for row in rows if row.harmful and row.before > 0][:MOST_SPECIES]
    return (*arrive, *bad)


def _by_name(abundance: pd.Series, lineages: pd.DataFrame, guild: pd.Series) -> pd.DataFrame:
    """Species -> share and guild; taxa without a species stay out, since two of them cannot be told to be one."""
    table = pd.DataFrame(
        {"name": lineages["species"].to_numpy(), "share": abundance.to_numpy(float), "guild": guild.to_numpy()}
    )
    table = table[table["name"].astype(str).str.len() > 0]
    table["name"] = table["name"].astype(str).str.replace("_", " ")
    return table.groupby("name").agg(share=("share", "sum"), guild=("guild", "first"))


def _lead_in(row: DonorRow) -> str:
    """With a lead-in or not: what the model says, beside the one randomised result."""
    gain = row.lead_in_change
    if gain is None or row.donor_share is None or row.donor_share_lead_in is None:
        return ""
    more = row.donor_share_lead_in.median - row.donor_share.median
    settled = f"more of the donor's cells settle after vancomycin ({100 * more:+.0f} points)".replace("-", "\u2212")
    if gain.lo90 > 0:
        return f"With: {settled} and response rises; the only randomised result with a lead-in points the other way"
    if gain.hi90 < 0:
        return f"Without: {settled}, but response falls"
    return f"Without: {settled}, but no gain of response can be told; SER-401 did worse with a lead-in"


def _says(row: DonorRow) -> str:
    """Gains and losses that the 90% intervals bear out, in one sentence."""
    up = [one.label for one in row.functions if _better(one)]
    down = [one.label for one in row.functions if _against(one)]
    bad = [one.label for one in row.guilds if one.harmful and _moved(one.fold) < 0]
    parts = [
        f"better: {', '.join(up)}" if up else "no function improves beyond its interval",
        *([f"worse: {', '.join(down)}"] if down else []),
        *([f"fewer {', '.join(bad)}"] if bad else []),
    ]
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _better(one: FunctionChange) -> bool:
    return one.wanted != 0 and _moved(one.ratio) == one.wanted


def _against(one: FunctionChange) -> bool:
    return one.wanted != 0 and _moved(one.ratio) == -one.wanted


def _moved(ratio: Interval) -> int:
    """+1 or -1 where the whole 90% interval lies on one side of no change and the median by ``LEAST``."""
    if ratio.lo90 > 1.0 and ratio.median > 1.0 + LEAST:
        return 1
    return -1 if ratio.hi90 < 1.0 and ratio.median < 1.0 - LEAST else 0


def _with_chances(
    rows: list[DonorRow], given: Sequence[Given], base: Simulated, cross: Cross, seed: int
) -> list[DonorRow]:
    runs = [(k, one.plain) for k, one in enumerate(given) if one.plain is not None]
    if runs:
        per_draw = np.array([cross.by_draw(run.endpoints.response) for _, run in runs])
        errors = np.array([cross.host_error(run.endpoints.response - base.endpoints.response) for _, run in runs])
        chance = chance_of_best(per_draw, errors, seed, cross.draw_weights)
        for (k, _), p in zip(runs, chance, strict=True):
            rows[k] = replace(rows[k], p_best=float(p))
    rows.sort(key=lambda row: (row.change_response is None, -_gain(row), row.id))
    return [row if row.change_response is None else replace(row, rank=k) for k, row in enumerate(rows, 1)]


def _gain(row: DonorRow) -> float:
    return row.change_response.median if row.change_response is not None else 0.0


def _sentence(rows: Sequence[DonorRow]) -> str:
    open_to = [row for row in rows if row.rank is not None]
    blocked = len(rows) - len(open_to)
    held = f" {blocked} of {len(rows)} may not be used by the screening rules." if blocked else ""
    if not open_to:
        return f"No donor may be used.{held}"
    best = open_to[0]
    asked = " Questions of the screening stay open." if any(flag.question for flag in best.safety) else ""
    gain = best.change_response
    if gain is not None and gain.lo90 > 0 and (best.p_best or 0.0) >= APART:
        return f"{best.id} stands apart from the others for this recipient.{held}{asked}"
    why = "no donor's interval of response lies above zero"
    if gain is not None and gain.lo90 > 0:
        why = "their chances of being best lie too close"
    return f"Donors cannot be told apart by response: {why}.{held}{asked}"
