"""A consistent starting point: niches from the sample, metabolites, barrier and immunity at rest, growth solved.

Held: the stages of ``axis``'s closure table, carried out with the engine's steady states, for many virtual patients at
once.  Exposures of the reference community in the same host are the gates' references.  A patient who cannot be closed
is counted with the reason, never dropped silently.  Counterfactuals (another gut, gates off) keep the solved growth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis import axis, engine
from hepaxis.population.guts import PRESENT, Guts
from hepaxis.profile.guilds import GUILDS

WEIGHT_HALF = 0.05  # niche share that presses with half weight (axis closure, stage 1)
WEIGHT_TOLERANCE = 1e-14
WEIGHT_ROUNDS = 200
KILL_REST = "kill_rest"
PROMOTION_REST = "promotion_rest"
INTERACTION = "interaction_"  # parameter names: interaction_<guild>_<by>
ROUNDING = 1e-14
LESION_INPUTS = ("start", "offset", "killing")  # lesion_<kind>_<lesion>: what sets lesions of a tumour apart
QUADRATURE = 16  # points of the mean over the time before day 0
SETTLING = 1000.0  # days integrated before Newton's method; compensating checkpoints move by a part in 4000 a day


@lru_cache(maxsize=1)
def engine_model() -> engine.Model:
    """The assembled model, loaded once."""
    return engine.load(axis.build().sbml)


@dataclass(frozen=True)
class Closed:
    """V virtual patients at rest.

    states      (V, n_states) in the engine's order
    parameters  V x parameters that differ from the model's defaults
    ok, reason  (V,) whether every stage rested, and why not
    """

    states: np.ndarray
    parameters: pd.DataFrame
    ok: np.ndarray
    reason: tuple[str, ...]

    def take(self, rows: np.ndarray) -> Closed:
        return Closed(
            self.states[rows],
            self.parameters.iloc[rows].reset_index(drop=True),
            self.ok[rows],
            tuple(self.reason[int(i)] for i in rows),
        )


def niches(
    shares: np.ndarray, absent: np.ndarray, interaction: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Stage 1.  shares, absent (V, 12) -> occupancy u, niche capacity, weight (V, 12) and ok (V,).

    ``interaction`` (12, 12) or (V, 12, 12) is how strongly the second guild presses the first; None is the model's own.

    Guilds present solve u_i + sum_j c_ij w_j u_j = 1; the niche is share / u and presses by its size.  People who share
    a gut share the answer.  A gut stops when its own weights stand still, whoever else is in the batch.
    """
    pressed = own_interaction() if interaction is None else interaction
    if pressed.ndim == 3:
        return _niches(shares, absent, pressed)
    guts, row = np.unique(np.concatenate([shares, absent], axis=1), axis=0, return_inverse=True)
    own, missing = np.split(guts, 2, axis=1)
    occupancy, niche, weight, ok = _niches(own, missing, pressed)
    return occupancy[row], niche[row], weight[row], ok[row]


def _niches(
    shares: np.ndarray, absent: np.ndarray, interaction: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    present = shares > PRESENT
    weight = np.ones_like(shares)
    moving = np.ones(len(shares), bool)
    for _ in range(WEIGHT_ROUNDS):
        _, niche = _filled(shares, absent, weight, interaction)
        moved = 0.5 * (weight + niche / (niche + WEIGHT_HALF))
        still = np.max(np.abs(moved - weight), axis=1) < WEIGHT_TOLERANCE
        weight = np.where(moving[:, None], moved, weight)
        moving &= ~still
        if not moving.any():
            break
    occupancy, niche = _filled(shares, absent, weight, interaction)
    return occupancy, niche, weight, np.all((occupancy > 0) == present, axis=1)


def _filled(
    shares: np.ndarray, absent: np.ndarray, weight: np.ndarray, interaction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Occupancy and niche capacity (V, 12) where guilds press by ``weight``."""
    present = shares > PRESENT
    eye = np.eye(len(GUILDS))
    both = present[:, :, None] & present[:, None, :]
    system = np.where(both, eye[None] + interaction * weight[:, None, :], eye[None])
    occupancy = np.linalg.solve(system, present.astype(float)[:, :, None])[:, :, 0]
    return occupancy, np.where(present, shares / np.where(present, occupancy, 1.0), absent)


def own_interaction() -> np.ndarray:
    """(12, 12) of the model's tables, in the order of the guilds."""
    return axis.build().interaction.loc[list(GUILDS), list(GUILDS)].to_numpy(float)


def _interaction_of(parameters: pd.DataFrame) -> np.ndarray:
    """(12, 12), or (V, 12, 12) where ``parameters`` set some of ``interaction_<guild>_<by>``."""
    named = {f"{INTERACTION}{a}_{b}": (i, j) for i, a in enumerate(GUILDS) for j, b in enumerate(GUILDS)}
    given = [name for name in parameters.columns if name in named]
    matrix = own_interaction()
    if not given:
        return matrix
    matrix = np.tile(matrix, (len(parameters), 1, 1))
    for name in given:
        matrix[:, *named[name]] = parameters[name].to_numpy(float)
    return matrix


def combine(inputs: list[pd.DataFrame]) -> pd.DataFrame:
    """Model inputs and set levers (phi.<guild>) side by side (same rows) -> model parameters."""
    model = axis.build()
    levers = model.levers[model.levers["action"] == "set"]["target"]
    table = pd.concat([model.inputs["parameter"], levers])
    table = table[~table.index.duplicated()]
    frame = pd.concat([part.reset_index(drop=True) for part in inputs], axis=1)
    unknown = [name for name in frame.columns if name not in table.index]
    if unknown:
        raise KeyError(f"no model input {', '.join(unknown)}")
    return frame.rename(columns=table.to_dict())


def close(
    parameters: pd.DataFrame, guts: Guts, *, growth: pd.DataFrame | None = None, near: np.ndarray | None = None
) -> Closed:
    """Close V virtual patients.

    parameters  V x model parameters (hosts, mechanisms, residuals, references), volume_start and net_growth_start among
                them; guts has V rows.  ``growth`` (``kept_growth`` of the person): kept
                instead of solved (counterfactuals).
    near        (V, n_states) a rest of the same people under other settings, to start from: the branch is theirs
    """
    model = engine_model()
    count = len(parameters)
    parameters = parameters.copy()
    occupancy, niche, weight, ok = niches(guts.shares, guts.absent, _interaction_of(parameters))
    if near is None:
        states = np.tile(np.array([model.default_initial[name] for name in model.states]), (count, 1))
    else:
        states = near.copy()
    column = {name: k for k, name in enumerate(model.states)}
    for k, guild in enumerate(GUILDS):
        parameters[f"niche_{guild}"] = niche[:, k]
        parameters[f"weight_{guild}"] = weight[:, k]
        parameters[f"open_{guild}"] = guts.open[:, k]
        states[:, column[f"res_{guild}"]] = occupancy[:, k]
        states[:, column[f"don_{guild}"]] = states[:, column[f"passing_{guild}"]] = 0.0
    states[:, column["tumour_volume"]] = parameters["volume_start"]
    loss = parameters["antigen_loss"] if "antigen_loss" in parameters else model.default_parameters["antigen_loss"]
    states[:, column["loss_logit"]] = np.log(loss / (1 - loss))
    states[:, [column[f"lesion_log_{lesion}"] for lesion in lesions()]] = 0.0
    parameters, held = with_lesions(parameters)
    parameters = parameters.copy()  # one block again

    reasons = np.where(ok, "", "a niche came out empty or negative").astype(object)
    reasons[~held & (reasons == "")] = "the lesions hold no share of the volume"
    states, fine = rest_of_stage("metabolites", parameters, states, keep=near is not None)
    reasons[~fine & (reasons == "")] = "metabolites do not rest"
    for setting in stage_cell("metabolites", "sets"):
        target, variable = setting.split("=")
        parameters[target] = model.observe(states, parameters, [variable])[:, 0]
    low = start_of_stage("host", "low", states) if near is None else states
    states, fine = rest_of_stage("host", parameters, low, keep=near is not None)
    reasons[~fine & (reasons == "")] = "immunity does not rest with the tumour frozen"
    solved = _growth_at_rest(states, parameters) if growth is None else growth.reset_index(drop=True)
    parameters = parameters.assign(**{str(name): solved[name].to_numpy() for name in solved})
    return Closed(states, parameters, reasons == "", tuple(reasons))


@lru_cache(maxsize=1)
def lesions() -> tuple[str, ...]:
    """Names of the lesions a tumour can have, in the order of the model."""
    prefix = "lesion_log_"
    return tuple(name.removeprefix(prefix) for name in engine_model().states if name.startswith(prefix))


def with_lesions(parameters: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Lesions' shares of the starting volume brought to a sum of 1, their differences to a mean that leaves the whole.

    Over the volume, growth offsets get a mean of 0 and factors on killing a mean of 1.  Returns the parameters and
    whether some lesion has a share (V,); without any value for a lesion nothing is changed.
    """
    starts, offsets, killings = ([f"lesion_{kind}_{lesion}" for lesion in lesions()] for kind in LESION_INPUTS)
    if not set(starts + offsets + killings) & set(parameters.columns):
        return parameters, np.ones(len(parameters), bool)
    default = engine_model().default_parameters
    own = pd.DataFrame(
        {n: parameters[n] if n in parameters else default[n] for n in starts + offsets + killings},
        index=parameters.index,
    )
    share = np.maximum(own[starts].to_numpy(float), 0.0)
    total = _settled(share.sum(axis=1, keepdims=True), 1.0)
    held: np.ndarray = total[:, 0] > 0
    share = np.where(held[:, None], share / np.where(total > 0, total, 1.0), np.array([default[n] for n in starts]))
    offset = own[offsets].to_numpy(float)
    offset = offset - _settled((share * offset).sum(axis=1, keepdims=True), 0.0)
    killing = np.maximum(own[killings].to_numpy(float), 0.0)
    mean = _settled((share * killing).sum(axis=1, keepdims=True), 1.0)
    killing = np.where(mean > 0, killing / np.where(mean > 0, mean, 1.0), 1.0)
    centred = {
        name: column
        for names, block in ((starts, share), (offsets, offset), (killings, killing))
        for name, column in zip(names, block.T, strict=True)
    }
    return parameters.assign(**centred), held


def _settled(found: np.ndarray, whole: float) -> np.ndarray:
    """Rounding taken out, so that closing a patient again leaves the lesions as they are to the last bit."""
    settled: np.ndarray = np.where(np.abs(found - whole) < ROUNDING, whole, found)
    return settled


def sizes_before(parameters: pd.DataFrame, day: float) -> pd.DataFrame:
    """Volume and lesions' shares on a day before day 0 (day <= 0), grown back at their own pace without treatment."""
    back = {"volume_start": parameters["volume_start"] * np.exp(parameters["net_growth_start"] * day)}
    for lesion in lesions():
        if {f"lesion_start_{lesion}", f"lesion_offset_{lesion}"} <= set(parameters.columns):
            apart = np.exp(parameters[f"lesion_offset_{lesion}"] * day)
            back[f"lesion_start_{lesion}"] = parameters[f"lesion_start_{lesion}"] * apart
    return parameters.assign(**back)


def function_left(volume: pd.Series, rate: pd.Series, start: float) -> np.ndarray:
    """(n,) part of its function that a liver has on day 0 beside a tumour of ``volume`` mL, at rest on day ``start``.

    A measured ALBI has the tumour in it, and the model's liver follows the tumour with its own turnover.
    """
    model = engine_model().default_parameters
    nodes, parts = np.polynomial.legendre.leggauss(QUADRATURE)
    days = 0.5 * start * (1.0 - nodes)
    beside = 1.0 / (1.0 + np.outer(volume, np.ones_like(days)) * np.exp(np.outer(rate, days)) / model["liver_volume"])
    weight = -0.5 * start * parts * model["liver_turnover"] * np.exp(model["liver_turnover"] * days)
    at_start = 1.0 / (1.0 + volume * np.exp(rate * start) / model["liver_volume"])
    left: np.ndarray = at_start.to_numpy(float) * np.exp(model["liver_turnover"] * start)
    for place, part in enumerate(weight):
        left = left + part * beside[:, place]
    return left


def kept_growth(closed: Closed) -> pd.DataFrame:
    """V x what fixes a tumour's growth: the killing it makes up for at rest, and the promotion it was met under."""
    return closed.parameters[[KILL_REST, PROMOTION_REST]]


def _growth_at_rest(states: np.ndarray, parameters: pd.DataFrame) -> pd.DataFrame:
    """Stage 5."""
    promotion = engine_model().observe(states, parameters, ["direct_promotion"])[:, 0]
    return pd.DataFrame({KILL_REST: _killing_made_up_for(states, parameters), PROMOTION_REST: promotion})


def _killing_made_up_for(states: np.ndarray, parameters: pd.DataFrame) -> np.ndarray:
    """The killing at rest that growth makes up for, so that the net rate of both clones together is the asked.

    Antigen-loss cells are not killed by CD8 and grow by their fitness: with many of them the killing of the sensitive
    clone alone would be too much.
    """
    names = ["kill_sensitive", "kill_lost", "loss_fraction", "loss_fitness", "net_growth_start"]
    sensitive, lost, fraction, fitness, asked = engine_model().observe(states, parameters, names).T
    killed = (1 - fraction) * sensitive + fraction * lost
    made_up: np.ndarray = (asked + killed) / (1 - fraction * (1 - fitness)) - asked
    return made_up


def start_of_stage(stage: str, which: str, states: np.ndarray) -> np.ndarray:
    """(V, n_states) with the stage's ``low`` or ``high`` start; low is the branch a tumour reaches as it grows."""
    column = {name: k for k, name in enumerate(engine_model().states)}
    states = states.copy()
    for name, value in _start(stage, which).items():
        states[:, column[name]] = value
    return states


@lru_cache(maxsize=4)
def _start(stage: str, which: str) -> dict[str, float]:
    start = str(axis.build().closure.loc[stage, "start"])
    chosen = next(part for part in start.split(";") if part.strip().startswith(f"{which}:"))
    pairs = (word.split("=") for word in chosen.split(":")[1].split())
    return {name: float(value) for name, value in pairs}


def stage_cell(stage: str, column: str) -> tuple[str, ...]:
    """A cell of the closure table that lists states or settings."""
    cell: tuple[str, ...] = tuple(axis.build().closure.to_dict("index")[stage][column])
    return cell


def rest_of_stage(
    stage: str, parameters: pd.DataFrame, states: np.ndarray, *, keep: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """(states at rest in a stage of the closure table, whether each of them is), all else held.

    keep: the states are a rest of the same people under other settings; who still rests in them stays there
    """
    model = engine_model()
    initial = pd.DataFrame(states, columns=list(model.states))
    frozen, solve_for = stage_cell(stage, "frozen"), stage_cell(stage, "solve_for")
    solved = model.steady_state(parameters, initial, frozen=frozen, solve_for=solve_for, horizon=SETTLING, keep=keep)
    return solved.values, solved.ok


def references(parameters: pd.DataFrame, gut: Guts) -> pd.DataFrame:
    """Stage 3: exposures of the reference community in each host, with tau 0 -> H x ``ref_<gate>``."""
    return reference_rest(parameters, gut)[0]


def reference_rest(parameters: pd.DataFrame, gut: Guts) -> tuple[pd.DataFrame, Closed]:
    """(``references``, the rest they were read from): a start for the same hosts with guts of their own."""
    model = engine_model()
    count = len(parameters)
    rows = np.zeros(count, int)
    same = Guts(
        gut.shares[rows], gut.absent[rows], gut.open[rows], gut.inputs.iloc[rows].reset_index(drop=True), gut.source
    )
    own = combine([same.inputs])
    closed = close(parameters.assign(tau=0.0, **{str(name): own[name].to_numpy() for name in own}), same)
    gates = axis.build().gates
    values = model.observe(closed.states, closed.parameters, list(gates["exposure"]))
    return pd.DataFrame(values, columns=[f"ref_{gate}" for gate in gates.index]), closed
