"""The stored results are of this model, or say that they are STALE; and what is told is what is stored."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from hepaxis.cli.model import model
from hepaxis.sensitivity import output_table, summary, tell
from hepaxis.sensitivity.analysis import blocks_of, stamp, strongest
from hepaxis.sensitivity.factors import factors
from hepaxis.sensitivity.reading import measurement_table
from hepaxis.sensitivity.stored import STALE

RUN = CliRunner()


@pytest.mark.parametrize("page", ["sensitivity", "tau"])
def test_page_is_of_this_model_or_says_it_is_stale(root, page):
    record = json.loads((root / "docs" / f"{page}.json").read_text(encoding="utf-8"))
    text = (root / "docs" / f"{page}.md").read_text(encoding="utf-8")
    head = text.splitlines()[:8]
    assert record["stamp"] == stamp() or any("STALE" in line for line in head), (
        "run tools/sensitivity.py, or mark the head of the page STALE"
    )
    assert record["stamp"]["model"] in text


def test_summary_and_page_are_of_one_run(root):
    record = json.loads((root / "docs" / "sensitivity.json").read_text(encoding="utf-8"))
    found = summary()
    assert found["stamp"] == record["stamp"]
    assert found["variance"] == record["variance"]
    assert found["stale"] == (found["quick"] or found["stamp"] != stamp())


def test_every_number_has_its_error_and_the_runs_are_counted(root):
    record = json.loads((root / "docs" / "sensitivity.json").read_text(encoding="utf-8"))
    share = record["variance"]
    for output in record["outputs"]:
        low, total, high = (np.array(share[c][output], float) for c in ("total_low", "total", "total_high"))
        known = np.isfinite(total)
        assert (low[known] <= total[known] + 1e-9).all()
        assert (total[known] <= high[known] + 1e-9).all()
    blocks = len(share["blocks"])
    assert record["runs"]["variance"] == (blocks + 2) * record["sizes"]["rows"]
    assert record["runs"]["screening"] == record["sizes"]["trajectories"] * (len(record["factors"]) + 1)
    assert record["runs"]["failed"] < 0.05 * (record["runs"]["variance"] + record["runs"]["screening"])


def test_a_stale_summary_says_so():
    found = summary()
    assert any(STALE in line for line in tell({**found, "stale": True}))
    assert not any(STALE in line for line in tell({**found, "stale": False}))


@pytest.mark.parametrize("verb", ["sensitivity", "tau"])
def test_the_verbs_print_text_and_json(verb):
    told = RUN.invoke(model, [verb])
    assert told.exit_code == 0
    assert "tau" in told.stdout
    found = json.loads(RUN.invoke(model, [verb, "--json"]).stdout)
    assert "stale" in found


def test_figures_are_svg_without_anything_fetched(root):
    for name in ("sensitivity.groups", "sensitivity.local", "tau.sd", "tau.auc"):
        text = (root / "docs" / f"{name}.svg").read_text(encoding="utf-8")
        assert text.startswith("<svg xmlns=")
        assert not re.search(r"(href|src)=|@import|url\(", text)
        assert "nan" not in text.lower().replace("nano", "")


def test_tables_name_variables_of_the_model():
    from hepaxis.population import engine_model

    known = {*engine_model().states, *engine_model().observables, "tumour_change", "tumour_size"}
    assert set(output_table()["variable"]) <= known
    assert set(measurement_table()["variable"]) <= known
    assert (measurement_table()["error"].astype(float) > 0).all()
    assert (measurement_table()["source"] != "").all()


def test_every_factor_is_in_a_group_and_every_gate_has_a_block_of_its_own():
    listed = factors()
    blocks = blocks_of(listed, ["host_mdsc"])
    grouped = [k for name, columns in blocks.items() if ": " in name for k in columns]
    assert sorted(grouped) == [k for k, factor in enumerate(listed) if factor.kind != "tau"]
    for k, factor in enumerate(listed):
        if factor.kind == "gate":
            assert blocks[factor.name] == [k]
    assert "host_mdsc" in blocks


def test_the_strongest_are_no_gates(root):
    import pandas as pd

    listed = factors()
    effects = pd.DataFrame(
        [
            {"output": "y", "factor": f.name, "mu_star": 5.0 if f.kind == "gate" else float(k)}
            for k, f in enumerate(listed)
        ]
    )
    kinds = {factor.name: factor.kind for factor in listed}
    assert all(kinds[name] not in ("gate", "tau") for name in strongest(effects, listed, 12))
