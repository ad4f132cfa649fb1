"""A measurement overrides the prediction, carries its error, and the model is made to follow; faults are all named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from hepaxis.metabolites import Capacities, capacities
from hepaxis.metabolites.measured import read_measured
from hepaxis.metabolites.residuals import SCFA, redistribute
from hepaxis.problems import InputError

Stool = Callable[[dict[str, float]], tuple[pd.Series, pd.DataFrame]]
N = 400


def table(*rows: tuple[str, float, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["metabolite", "value", "unit", "matrix"]).assign(day=-7)


def run(stool: Stool, shares: dict[str, float], measured: pd.DataFrame | None = None) -> Capacities:
    return capacities(*stool(shares), measured=measured, profiler="metaphlan4", n=N, seed=5)


def test_measured_butyrate_replaces_the_prediction(stool: Stool, healthy: dict[str, float]) -> None:
    low = run(stool, healthy, table(("butyrate", 3.0, "mmol/kg", "stool")))
    plain = run(stool, healthy)
    row = low.summary.loc["butyrate"]
    assert row["status"] == "measured"
    assert "measured in stool" in row["note"]
    assert row["median"] == pytest.approx(row["ref_median"] * 3.0 / 11.0, rel=0.05)
    assert row["hi90"] / row["lo90"] < plain.summary.loc["butyrate", "hi90"] / plain.summary.loc["butyrate", "lo90"]
    assert row["hi90"] / row["lo90"] > 2  # one stool is a poor witness of a person
    assert low.summary.loc["propionate", "status"] == "predicted"


def test_the_model_follows_the_measurement(stool: Stool, healthy: dict[str, float]) -> None:
    """residual = measured / predicted: put through the carbon balance it gives the measured flux, draw by draw."""
    plain = run(stool, healthy)
    found = run(stool, healthy, table(("butyrate", 22.0, "mmol/kg", "stool"), ("IPA", 3.0, "umol/L", "serum")))
    raw = {a: plain.draws[a] / plain.inputs[f"residual.{a}"] for a in SCFA}  # up to one factor a draw, which cancels
    made = redistribute(
        {a: raw[a].to_numpy() for a in SCFA}, {a: found.inputs[f"residual.{a}"].to_numpy() for a in SCFA}
    )
    share = made["butyrate"] / sum(made[a] for a in SCFA)
    expected = found.draws["butyrate"] / found.draws[list(SCFA)].sum(axis=1)
    assert share == pytest.approx(expected.to_numpy(), rel=1e-9)
    assert found.inputs["residual.butyrate"].median() > 1.5 * plain.inputs["residual.butyrate"].median()
    assert found.inputs["residual.ipa"].median() > 2 * plain.inputs["residual.ipa"].median()
    assert found.summary.loc["ipa", "status"] == "measured"


def test_scfa_carbon_is_kept_when_some_are_measured(stool: Stool, healthy: dict[str, float]) -> None:
    def carbon(found: Capacities) -> np.ndarray:
        return (found.draws[list(SCFA)] * [2, 3, 4]).sum(axis=1).to_numpy()

    plain = run(stool, healthy)
    high = run(stool, healthy, table(("butyrate", 44.0, "mmol/kg", "stool")))
    every = run(stool, healthy, table(*((a, v, "mmol/kg", "stool") for a, v in
                                        (("acetate", 40.0), ("propionate", 20.0), ("butyrate", 20.0)))))  # fmt: skip
    assert carbon(high) == pytest.approx(carbon(plain))
    assert carbon(every) == pytest.approx(carbon(plain))
    assert (high.draws["butyrate"] * 4 <= 0.9 * carbon(high) + 1e-9).all()


def test_dca_and_ca_of_one_stool_give_the_fraction(stool: Stool, healthy: dict[str, float]) -> None:
    found = run(stool, healthy, table(("DCA", 200.0, "nmol/g", "stool"), ("CA", 0.8, "umol/g", "stool")))
    assert found.summary.loc["dca_conversion", "status"] == "measured"
    assert found.summary.loc["dca_conversion", "median"] == pytest.approx(0.2, abs=0.03)
    assert found.inputs["residual.dca"].median() < 0.1


def test_samples_of_two_days_are_worth_more_than_one() -> None:
    two = pd.concat([table(("butyrate", 10, "mmol/kg", "stool")), table(("butyrate", 12.1, "mmol/kg", "stool"))])
    two["day"] = [-20, -7]
    one, both = read_measured(two.iloc[:1])[0]["butyrate"], read_measured(two)[0]["butyrate"]
    assert both.sd == pytest.approx(one.sd / np.sqrt(2))
    assert both.centre == pytest.approx(np.log(11 / 11), abs=1e-3)


@pytest.mark.parametrize(
    ("value", "unit"), [(11.0, "umol/g"), (11000.0, "nmol/g"), (11.0, "mM"), (0.96921, "mg/g"), (969.21, "ug/g")]
)
def test_units_of_one_amount_agree(value: float, unit: str) -> None:
    assert read_measured(table(("butyrate", value, unit, "stool")))[0]["butyrate"].centre == pytest.approx(0, abs=1e-3)


def test_serum_counts_where_there_is_no_stool() -> None:
    both = table(("propionate", 26.0, "mmol/kg", "stool"), ("propionate", 3.7, "umol/L", "plasma"))
    assert "stool" in read_measured(both)[0]["propionate"].text
    assert read_measured(both.iloc[1:])[0]["propionate"].centre == pytest.approx(0)


def test_all_faults_are_named_at_once() -> None:
    bad = table(
        ("butyrate", -1.0, "mmol/kg", "stool"), ("acetate", 50.0, "furlong", "stool"), ("IPA", 0.0, "umol/L", "serum")
    )
    with pytest.raises(InputError) as caught:
        read_measured(bad)
    assert [(p.row, p.column) for p in caught.value.problems] == [(2, "value"), (3, "unit"), (4, "value")]
    with pytest.raises(InputError, match="no column unit"):
        read_measured(bad.drop(columns="unit"))


def test_what_acts_on_nothing_is_said_and_left_out(stool: Stool, healthy: dict[str, float]) -> None:
    odd = table(("valine", 3.0, "umol/L", "serum"), ("butyrate", 3.0, "umol/g dry", "stool"))
    found = run(stool, healthy, odd)
    assert [p.code for p in found.problems] == ["metabolites.not_used"] * 2
    assert "measured" not in set(found.summary["status"])


def test_a_share_in_percent_is_read(stool: Stool, healthy: dict[str, float]) -> None:
    found = run(stool, healthy, table(("dca_fraction", 30.0, "%", "stool")))
    assert found.summary.loc["dca_conversion", "median"] == pytest.approx(0.3, abs=0.04)
    with pytest.raises(InputError, match="has unit"):
        read_measured(table(("dca_fraction", 30.0, "fraction", "stool")))
