"""Gates: disputed ones centred at 0, off they leave ports at exactly 1, shifted hard they move response their way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.population import draw_mechanisms, gates_off, prior_mean_mechanisms, with_parameters
from hepaxis.population.assumptions import assumed, relevance
from hepaxis.population.closure import engine_model
from hepaxis.profile.guilds import GUILDS

N, TAU = 300, 0.2
GATES = axis.build().gates
PORTS = list(axis.build().ports.index)
#: What a port does to the killing of the tumour under anti-PD-1, by its meaning in ``ports.csv``.
HELPS = {"priming": 1, "expansion": 1, "killing": 1, "infiltration": 1, "exhaustion": -1, "treg": -1, "mdsc": -1}


@pytest.fixture(scope="module")
def drawn():
    return draw_mechanisms(N, TAU, 9)


def test_each_gate_is_drawn_around_its_prior_and_disputed_ones_around_zero(drawn):
    """Nil where the claim does not hold in people with HCC, by the chance of its grade; else its prior."""
    disputed = 0
    for gate, row in GATES.iterrows():
        values = drawn.inputs[f"gate.{gate}"]
        holds = values[values != 0]
        assert len(holds) / N == pytest.approx(relevance()[row["grade"]], abs=1.5 / N), gate
        error = row["prior_sd"] / np.sqrt(len(holds))
        assert holds.mean() == pytest.approx(row["prior_mean"], abs=3 * error), gate
        assert holds.std() == pytest.approx(row["prior_sd"], rel=3 / np.sqrt(2 * len(holds))), gate
        if str(row["agreement"]).startswith("disputed"):
            disputed += 1
            assert row["prior_mean"] == 0.0, gate
            assert (holds > 0).mean() == pytest.approx(0.5, abs=1.5 / np.sqrt(len(holds))), gate
    assert disputed >= 3


def test_gates_are_drawn_one_by_one(drawn):
    values = drawn.inputs[[f"gate.{gate}" for gate in GATES.index]].to_numpy()
    correlation = np.corrcoef(values.T) - np.eye(len(GATES))
    assert np.abs(correlation).max() < 0.35


def test_tau_overlap_and_core_have_the_stated_spread(drawn):
    for values, median, spread in (
        (drawn.inputs["tau"], TAU, "tau_sd_log"),
        (drawn.core, 1.0, "core_sd_log"),
        (drawn.inputs["phi.akk"], 1.0, "phi_sd_log"),
    ):
        assert np.median(values) == pytest.approx(median, rel=0.02)
        assert np.log(values).std() == pytest.approx(assumed(spread), rel=0.03)


def test_same_seed_same_draws_bit_for_bit(drawn):
    again, other = draw_mechanisms(N, TAU, 9), draw_mechanisms(N, TAU, 10)
    assert drawn.inputs.to_numpy().tobytes() == again.inputs.to_numpy().tobytes()
    assert drawn.core.tobytes() == again.core.tobytes()
    assert (drawn.core != other.core).any()


def test_the_prior_mean_is_one_draw_with_nothing_drawn():
    mean = prior_mean_mechanisms(TAU)
    assert len(mean) == 1
    assert mean.inputs["tau"].tolist() == [TAU]
    assert mean.core.tolist() == [1.0]
    for gate, row in GATES.iterrows():
        assert mean.inputs[f"gate.{gate}"].iloc[0] == pytest.approx(row["prior_mean"] * relevance()[row["grade"]])
    assert all(mean.inputs[f"phi.{guild}"].iloc[0] == 1.0 for guild in GUILDS)


def ports(twin):
    return engine_model().observe(twin.closed.states, twin.closed.parameters, [f"port_{port}" for port in PORTS])


def test_all_gates_off_every_port_is_exactly_one(twin):
    assert not np.allclose(ports(twin), 1.0, atol=1e-3), "the guts of the prior do act"
    assert (ports(gates_off(twin)) == 1.0).all()


def test_one_gate_off_leaves_the_ports_of_the_others(twin):
    gate = "i3a_cd8"
    port = PORTS.index(GATES.at[gate, "port"])
    before, after = ports(twin), ports(gates_off(twin, [gate]))
    others = [k for k, name in enumerate(PORTS) if k != port and name not in ("barrier", "nkt", "checkpoint")]
    assert (before[:, port] != after[:, port]).any()
    assert after[:, others] == pytest.approx(before[:, others], rel=1e-2)


def shrinkage(twin, days: float = 84.0):
    """Log of the volume at the start over that on a day under anti-PD-1, by virtual patient."""
    model = engine_model()
    doses = pd.DataFrame([(21.0 * k, "pd1_central", "add", 1200.0) for k in range(4)],
                         columns=["time", "target", "action", "amount"])  # fmt: skip
    initial = pd.DataFrame(twin.closed.states, columns=list(model.states))
    volume = model.simulate(doses, twin.closed.parameters, [0.0, days], ["tumour_volume"], initial).values[:, :, 0]
    return np.log(volume[:, 0] / np.maximum(volume[:, 1], 1e-9))


@pytest.mark.parametrize("port", sorted(HELPS))
def test_a_gate_shifted_hard_moves_the_tumour_under_treatment_the_way_of_its_port(twin, port):
    """Every gate of the model off but one of the port, its exposure e times the reference and its strength +-8."""
    gate = str(GATES.index[(GATES["port"] == port) & (GATES["context"] == "")][0])
    sign = int(GATES.at[gate, "sign"])
    exposure = engine_model().observe(twin.closed.states, twin.closed.parameters, [str(GATES.at[gate, "exposure"])])
    off = {f"g_{name}": 0.0 for name in GATES.index}
    held = {f"ref_{gate}": exposure[:, 0] / np.e, "tau": 0.3}
    up, down = (with_parameters(twin, {**off, **held, f"g_{gate}": s * sign * 8.0}) for s in (+1, -1))
    moved = np.log(engine_model().observe(up.closed.states, up.closed.parameters, [f"port_{port}"])[:, 0])
    assert (moved > 0.3).all(), "a positive product of sign and strength opens the port"
    use = up.ok & down.ok
    assert use.sum() >= 12
    difference = HELPS[port] * (shrinkage(up) - shrinkage(down))[use]
    assert (difference > -1e-3).all()
    assert (difference > 1e-3).mean() > 0.5
