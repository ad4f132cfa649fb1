"""What is uncertain, from the model's own tables: one factor a parameter that has a distribution.

Held: parameters of the axis tables with their distribution about the tabled value; what differs between people as the
heterogeneity table draws it; gates as the mechanism draws have them (claim holds in people or not, then its strength);
tau and the immune core as a population has them; and the community as one factor, a draw of the shipped generator.
A module added to the tables is covered without a line here.
The interactions between guilds belong to the gut: the closure finds the niches at which the measured community rests
whatever they are, so that they show where the gut is disturbed.
Left out: what the closure computes (niches, weights, references, killing at rest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.population import solved_tau
from hepaxis.population.assumptions import assumed, relevance
from hepaxis.population.closure import INTERACTION
from hepaxis.population.sampling import arguments, quantile

COMMUNITY, CORE, COLD, TAU = "community", "immune core", "cold tumour", "tau"
CLOSED = ("niche_", "weight_", "open_", "ref_")  # set by the closure
BY_HOST = ("host.", "tumour.")

Quantile = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Factor:
    """One uncertain quantity.

    name       parameter of the model, or a word of this file (community, immune core, cold tumour)
    kind       gate, gut, person, parameter or tau
    group      the group of a gate, else the module of the parameter
    scale      prior sd: of the logarithm where ``log``, of the value otherwise; NaN for what is no number
    centre     the value about which derivatives are taken: median of a logarithm's, else mean
    grade      evidence grade of the value
    """

    name: str
    kind: str
    group: str
    quantile: Quantile
    log: bool
    scale: float
    centre: float
    grade: str
    label: str = ""


def factors() -> tuple[Factor, ...]:
    """Every factor of the model as it stands, gates first."""
    built = axis.build()
    own = _people()
    done = {factor.name for factor in own}
    gates = tuple(_gate(str(gate), row) for gate, row in built.gates.iterrows())
    done |= {factor.name for factor in gates}
    rest = tuple(
        _parameter(str(name), row)
        for name, row in built.parameters.iterrows()
        if name not in done and not str(name).startswith((*CLOSED, "g_")) and _varies(row)
    )
    tau = _spread(
        TAU, TAU, "all gates", "lognormal", {"median": solved_tau(), "sd_log": assumed("tau_sd_log")}, "human"
    )
    return (*gates, tau, *own, *rest)


def parameter_values(cube: np.ndarray, listed: tuple[Factor, ...]) -> pd.DataFrame:
    """Quantiles (n, factors) -> n x model parameters; the community is left out, it is no parameter."""
    columns = {f.name: f.quantile(cube[:, k]) for k, f in enumerate(listed) if f.name != COMMUNITY}
    core, cold = columns.pop(CORE, 1.0), columns.pop(COLD, 1.0)
    frame = pd.DataFrame(columns)
    if "host_infiltration" in frame:
        frame["host_infiltration"] = frame["host_infiltration"] * core * cold
    return frame


def _gate(gate: str, row: pd.Series) -> Factor:
    """Absent where the claim does not transfer, else normal about its prior mean: one uniform gives both."""
    chance = float(relevance()[str(row["grade"])])
    args = {"mean": float(row["prior_mean"]), "sd": float(row["prior_sd"])}

    def drawn(u: np.ndarray) -> np.ndarray:
        inside = np.clip((u - (1 - chance)) / chance, 1e-9, 1 - 1e-9)
        values: np.ndarray = np.where(u < 1 - chance, 0.0, quantile("normal", args, inside))
        return values

    sd = float(np.sqrt(chance * (args["sd"] ** 2 + args["mean"] ** 2) - (chance * args["mean"]) ** 2))
    centre = chance * args["mean"]
    return Factor(
        f"g_{gate}", "gate", str(row["group"]), drawn, False, sd, centre, str(row["grade"]), str(row["claim"])
    )


def _people() -> tuple[Factor, ...]:
    """Between people: the heterogeneity table, the community, and the systematic doubt about the immune core."""
    built = axis.build()
    found = [
        Factor(COMMUNITY, "gut", COMMUNITY, lambda u: u, False, np.nan, np.nan, "human", "composition of the stool"),
    ]
    names = built.inputs["parameter"]
    for name, row in built.heterogeneity.iterrows():
        parameter, args = str(names[row["input"]]), arguments(str(row["args"]))
        kind = "person" if str(row["input"]).startswith(BY_HOST) else "gut"
        module = str(built.parameters.at[parameter, "module"])
        made = _spread(parameter, kind, module, str(row["distribution"]), args, str(row["grade"]), str(name))
        if row["distribution"] == "mixture":
            made = _spread(COLD, kind, module, "mixture", args, str(row["grade"]), str(name))
        elif row["input"] == "tumour.growth":  # the table holds doubling times
            rate = np.log(2.0) / args["median"]
            grade = str(row["grade"])
            made = Factor(
                parameter, kind, module, _rate(args), True, args["sd_log"], rate, grade, "growth rate at rest"
            )
        found.append(made)
    args = {"median": 1.0, "sd_log": assumed("core_sd_log")}
    module = str(built.parameters.at[names["host.infiltration"], "module"])
    found.append(_spread(CORE, "parameter", module, "lognormal", args, "assumed", "systematic doubt about the core"))
    return tuple(found)


def _rate(args: dict[str, float]) -> Quantile:
    return lambda u: np.log(2.0) / quantile("lognormal", args, 1.0 - u)


def _varies(row: pd.Series) -> bool:
    """A zero has no logarithm to vary; a distribution without a spread comes from the profile, draw by draw."""
    args = arguments(str(row["args"])) if row["distribution"] else {}
    return row["value"] != 0 and bool({"sd", "sd_log"} & set(args))


def _parameter(name: str, row: pd.Series) -> Factor:
    args = arguments(str(row["args"]))
    centre = "median" if row["distribution"] == "lognormal" else "mean"
    args.setdefault(centre, float(row["value"]))
    kind, group = ("gut", "interactions") if name.startswith(INTERACTION) else ("parameter", str(row["module"]))
    return _spread(name, kind, group, str(row["distribution"]), args, str(row["grade"]), "")


def _spread(
    name: str, kind: str, group: str, distribution: str, args: dict[str, float], grade: str, label: str = ""
) -> Factor:
    log = distribution == "lognormal"
    plain = {"mixture": 1.0, "bernoulli": 0.0}  # what most people have, of those with no spread of their own
    scale = float("nan") if distribution in plain else args["sd_log" if log else "sd"]
    centre = plain[distribution] if distribution in plain else args["median" if log else "mean"]
    return Factor(name, kind, group, lambda u: quantile(distribution, args, u), log, scale, centre, grade, label)
