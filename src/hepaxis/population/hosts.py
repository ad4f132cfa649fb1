"""Hosts: the part of a virtual patient that is not the gut, drawn from priors and from what the clinic sheet says.

Held: tumour size, pace and lesions, liver state, immune settings, weight, drug clearance.  What the sheet gives takes
the place of its prior (with the error of its measurement); what it does not give stays at the prior and is listed as
unknown.  Immune settings (infiltration, antigenicity, Treg, PD-L1, MDSC, NK/NKT, compensation) have no accepted
clinical readout in HCC: they are drawn here, and what weakly hints at them (PD-L1, TMB) weighs the draws in a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.patient import Patient
from hepaxis.patient.burden import growth, sphere_ml, target_lesions
from hepaxis.patient.scores import scores
from hepaxis.population.assumptions import assumed, liver_states
from hepaxis.population.closure import lesions
from hepaxis.population.diets import HABITUAL, diets
from hepaxis.population.lesion_draws import diameter_spread, draw_lesions
from hepaxis.population.sampling import arguments, bounded, quantile, uniform_cube
from hepaxis.therapy import REFERENCE_WEIGHT

LN2 = 0.6931471805599453
GENES = {"host.ctnnb1": ("CTNNB1",), "host.b2m": ("B2M",), "host.jak": ("JAK1", "JAK2"), "host.tp53": ("TP53",)}
STEATOHEPATITIS_CAUSES = {"masld", "mash", "alcohol", "metald"}
CHOLESTASIS_LEVEL = 1.0  # cholestasis on the sheet: the model's scale, where 1 halves hepatic extraction
LIVER_FUNCTION_RANGE = (0.3, 1.4)  # relative; Child-Pugh C to a healthy liver
MIN_DOUBLING_DAYS = 15.0  # fastest doubling time of the prior
OWN_STREAM = ("host.tp53", "host.tp53_entry")
EXTRA = ("mix", "volume", "albi", "growth")  # dimensions of the cube besides the rows of the heterogeneity table


@dataclass(frozen=True)
class Hosts:
    """n hosts.

    inputs         n x model inputs (ids of ``axis.build().inputs``)
    diameter_sum   (n,) mm at day 0
    cold           (n,) factor by which a cold tumour lowers infiltration; 1 where the tumour is not cold
    known          input or field -> where its value came from
    notes          sentences on what was assumed
    """

    inputs: pd.DataFrame
    diameter_sum: np.ndarray
    cold: np.ndarray
    known: dict[str, str]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.inputs)


def draw_hosts(patient: Patient | None, n: int, seed: int, *, one_lesion: bool = False) -> Hosts:
    """n hosts consistent with the clinic sheet (None: the whole population of advanced HCC).

    one_lesion: a single tumour in everyone, as it is transplanted in a published experiment.
    """
    table = _drawn()
    return _hosts_at(patient, table, _levels(table, n, seed), None if one_lesion else seed)


def typical_host() -> Hosts:
    """One host of advanced HCC with everything that a population draws at its median, and one lesion."""
    table = _drawn()
    return _hosts_at(None, table, np.full((1, len(table) + len(EXTRA)), 0.5), None)


def _drawn() -> pd.DataFrame:
    table = axis.build().heterogeneity
    return table[table["input"].str.startswith(("host.", "tumour."))]


def _levels(table: pd.DataFrame, n: int, seed: int) -> np.ndarray:
    """(n, rows + EXTRA) quantiles; rows of ``OWN_STREAM`` came later and leave the draws of the others as they were."""
    own = table["input"].isin(OWN_STREAM).to_numpy()
    cube = uniform_cube(n, int((~own).sum()) + len(EXTRA), seed)
    levels = np.empty((n, len(own) + len(EXTRA)))
    levels[:, np.append(~own, np.ones(len(EXTRA), bool))] = cube
    for place in np.flatnonzero(own):
        stream = crc32(f"{seed}/{table['input'].iloc[place]}".encode())
        levels[:, place] = uniform_cube(n, 1, stream)[:, 0]
    return levels


def _hosts_at(patient: Patient | None, table: pd.DataFrame, cube: np.ndarray, seed: int | None) -> Hosts:
    """seed of the lesions; None: one lesion in everyone."""
    n = len(cube)
    columns: dict[str, np.ndarray] = {}
    cold = np.ones(n)
    for position, row in enumerate(table.itertuples()):
        values = quantile(str(row.distribution), arguments(str(row.args)), cube[:, position])
        name = str(row.input)
        if row.distribution == "mixture":
            cold = values
        columns[name] = columns[name] * values if row.distribution == "mixture" else values
    columns["tumour.growth"] = LN2 / columns["tumour.growth"]  # the table holds doubling times
    u = dict(zip(EXTRA, cube[:, len(table) :].T, strict=True))
    known: dict[str, str] = {}
    notes: list[str] = []
    prior_pace = columns["tumour.growth"]
    if patient is not None:
        _read_liver(patient, columns, u["albi"], known, notes)
        _read_tumour(patient, columns, u["volume"], u["growth"], known, notes)
        _read_body(patient, columns, known)
        _read_genes(patient, columns, known)
        _read_mimicry(patient, columns, known, notes)
    sizes, count = _lesion_sizes(patient, known, notes)
    if seed is not None:
        columns |= draw_lesions(n, seed, prior_pace, shares=sizes, count=count)
    diameter = _diameter_sum(patient, columns["tumour.volume"], diameter_spread(columns, n))
    return Hosts(pd.DataFrame(columns), diameter, cold, known, tuple(notes))


def liver_state(patient: Patient) -> str | None:
    """``no_cirrhosis``, ``child_pugh_a``, ``_b`` or ``_c``; None when the sheet leaves more than one open."""
    if patient.aetiology.cirrhosis is False:
        return "no_cirrhosis"
    grade = scores(patient)["child_pugh"].grade
    return None if grade is None else f"child_pugh_{grade[0].lower()}"


def _read_liver(
    patient: Patient, columns: dict[str, np.ndarray], u: np.ndarray, known: dict[str, str], notes: list[str]
) -> None:
    albi = scores(patient)["albi"].value
    if albi is not None:
        error = quantile("normal", {"mean": 0.0, "sd": assumed("albi_sd")}, u)
        loss = assumed("liver_per_albi") * (albi + error - assumed("albi_reference"))
        columns["host.liver_function"] = np.clip(1.0 - loss, *LIVER_FUNCTION_RANGE)
        known["host.liver_function"] = "ALBI"
    state = liver_state(patient)
    if state is not None:
        for name, (mean, sd) in liver_states()[state].items():
            columns[name] = bounded(mean, sd, _ranks(columns[name]))
            known[name] = state.replace("_", " ")
    else:
        notes.append("cirrhosis and Child-Pugh class are not known: portal shunting stays at the prior of cirrhosis")
    if patient.liver.cholestasis:
        columns["host.cholestasis"] = np.full(len(u), CHOLESTASIS_LEVEL)
        known["host.cholestasis"] = "sheet"
    causes = set(patient.aetiology.causes or ())
    if causes:
        steatotic = bool(causes & STEATOHEPATITIS_CAUSES) and not causes & {"hbv", "hcv"}
        columns["host.steatohepatitis"] = np.full(len(u), float(steatotic))
        known["host.steatohepatitis"] = "aetiology"
    else:
        notes.append("aetiology is not known: taken as not steatohepatitis")


def _read_tumour(
    patient: Patient,
    columns: dict[str, np.ndarray],
    u_volume: np.ndarray,
    u_growth: np.ndarray,
    known: dict[str, str],
    notes: list[str],
) -> None:
    volume = scores(patient)["tumour_volume"].value
    if volume:
        columns["tumour.volume"] = quantile(
            "lognormal", {"median": volume, "sd_log": assumed("volume_sd_log")}, u_volume
        )
        known["tumour.volume"] = "diameters"
    measured = growth(patient)
    if measured is None:
        notes.append("no two scans before treatment: the pace of growth stays at its prior")
        return
    rate = quantile("normal", {"mean": measured.rate, "sd": measured.sd}, u_growth)
    columns["tumour.growth"] = np.clip(rate, -LN2 / MIN_DOUBLING_DAYS, LN2 / MIN_DOUBLING_DAYS)
    known["tumour.growth"] = f"scans on days {measured.first_day:g} and {measured.last_day:g}"


def _lesion_sizes(
    patient: Patient | None, known: dict[str, str], notes: list[str]
) -> tuple[np.ndarray | None, int | None]:
    """(volumes of the target lesions, largest first, each a sphere; their number where only that is known)."""
    if patient is None:
        return None, None
    found = [lesion.diameter for lesion in target_lesions(patient)[0] if lesion.diameter]
    if not found:
        return None, patient.tumour.lesion_count or None
    sizes = np.array(sorted((sphere_ml(diameter) for diameter in found), reverse=True)[: len(lesions())])
    if len(sizes) > 1:
        known |= {f"lesion.share.{lesion}": "diameters" for lesion in lesions()}
        notes.append(
            f"the {len(sizes)} target lesions share the tumour volume as their diameters say; how far they differ in "
            "pace and in how they are killed is not known and was drawn"
        )
    return sizes, None


def _read_body(patient: Patient, columns: dict[str, np.ndarray], known: dict[str, str]) -> None:
    weight = patient.demographics.weight
    if weight is not None:
        columns["host.weight"] = np.full_like(columns["host.weight"], weight / REFERENCE_WEIGHT)
        known["host.weight"] = "sheet"
    diet = patient.gut.diet
    if diet is not None and diet != HABITUAL:
        for name, value in diets()[diet].items():
            columns[name] = np.full_like(columns["host.weight"], value)
            known[name] = f"{diet} diet"


def _read_genes(patient: Patient, columns: dict[str, np.ndarray], known: dict[str, str]) -> None:
    """A gene that was reported is known; JAK1 and JAK2 are both needed to call the pathway intact."""
    for name, genes in GENES.items():
        reported = [found for gene in genes if (found := patient.biomarkers.mutated(gene)) is not None]
        if any(reported) or len(reported) == len(genes):
            columns[name] = np.full_like(columns[name], float(any(reported)))
            known[name] = "sheet"


def _read_mimicry(
    patient: Patient, columns: dict[str, np.ndarray], known: dict[str, str], notes: list[str]
) -> None:
    """The cross-reactive load that a search for mimics gave, at the quantiles drawn; at its prior unless written."""
    told = patient.antigens
    if told.mimicry is None:
        return
    prior = arguments(str(axis.build().heterogeneity.query("input == 'host.mimicry'")["args"].iloc[0]))
    sd = prior["sd_log"] if told.mimicry_sd_log is None else told.mimicry_sd_log
    z = np.log(columns["host.mimicry"] / prior["median"]) / prior["sd_log"]
    columns["host.mimicry"] = told.mimicry * np.exp(sd * z)
    known["host.mimicry"] = "search for mimics"
    notes.append("cross-reactive load by sequence similarity: candidates, untested; help or harm is disputed")


def _diameter_sum(patient: Patient | None, volume: np.ndarray, spread: np.ndarray) -> np.ndarray:
    found = None if patient is None else scores(patient)["sum_of_diameters"].value
    if found:
        return np.full(len(volume), found)
    return 10.0 * np.cbrt(volume / sphere_ml(10.0)) * spread  # spheres of that volume together, mm


def _ranks(values: np.ndarray) -> np.ndarray:
    order: np.ndarray = (np.argsort(np.argsort(values)) + 0.5) / len(values)
    return order


def habitual_carbohydrate(hosts: Hosts, default: float) -> float:
    """mmol hexose a day reaching the colon without treatment: the sheet's diet, or the habitual one."""
    if "diet.carbohydrate" in hosts.inputs:
        return float(hosts.inputs["diet.carbohydrate"].iloc[0])
    return default


def unknown_inputs(hosts: Hosts) -> Mapping[str, str]:
    """Inputs left at their prior -> distribution in words."""
    table = axis.build().heterogeneity
    rows = table[~table["input"].isin(list(hosts.known))]
    lesions_drawn = [str(name) for name in hosts.inputs if str(name).startswith("lesion.")]
    return {str(row.input): f"{row.distribution} ({row.args})" for row in rows.itertuples()} | {
        name: "drawn with its spread between lesions" for name in lesions_drawn if name not in hosts.known
    }
