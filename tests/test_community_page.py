"""Drawn communities beside real ones: the statistics tell alike from apart, and the page is of the shipped tables."""

from __future__ import annotations

import importlib
import json
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def tool(root):
    """The tools, importable by each other as when they are run."""
    sys.path.insert(0, str(root / "tools"))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(root / "tools"))


def communities(n, seed, tilt=0.0):
    logs = np.random.default_rng(seed).normal(size=(n, 12))
    logs[:, 0] += tilt
    shares = np.exp(logs)
    return shares / shares.sum(axis=1, keepdims=True)


def test_alike_communities_cannot_be_told_apart(tool):
    statistics = tool("community_statistics")
    real, made = communities(100, 1), communities(500, 2)
    auc = statistics.auc_two_samples(real, made, 3)
    assert auc["low"] < 0.55
    energy = statistics.energy_coefficient(real, made, 3)
    assert energy["value"] <= 1.5 * energy["by_chance"]


def test_a_planted_difference_is_found_and_sized(tool):
    statistics = tool("community_statistics")
    real, made = communities(100, 1, tilt=2.0), communities(500, 2)
    assert statistics.auc_two_samples(real, made, 3)["low"] > 0.8
    energy = statistics.energy_coefficient(real, made, 3)
    assert energy["low"] > energy["by_chance"]
    normal = np.random.default_rng(5).normal(size=(2000, 2))
    shift = statistics.score_shift(np.exp(normal[:, 0] + 0.8), np.exp(normal[:, 1]), 1)
    assert shift["real"] == pytest.approx(0.8, abs=0.1)
    assert shift["low"] < shift["real"] < shift["high"]


def test_the_page_is_of_the_tables_that_are_shipped(tool, root):
    record = json.loads((root / "docs" / "communities.json").read_text(encoding="utf-8"))
    assert record["stamp"] == tool("compare_communities").stamp(), "run tools/compare_communities.py"
    page = tool("community_page")
    assert (root / "docs" / "communities.md").read_text(encoding="utf-8") == page.community_page(record)
    assert (root / "docs" / "communities.svg").read_text(encoding="utf-8") == page.community_figure(record)


def test_the_page_says_where_it_misses(root):
    text = (root / "docs" / "communities.md").read_text(encoding="utf-8")
    assert "## Where it misses" in text
    assert "were **not fitted**" in text


@pytest.mark.shared
def test_the_real_cohorts_are_those_of_the_page(tool, root, shared):
    made = tool("compare_communities")
    data = shared("data/cirrhosis_qin2014").parent
    record = json.loads((root / "docs" / "communities.json").read_text(encoding="utf-8"))
    for one, shown in zip(made.COMPARISONS, record["comparisons"], strict=True):
        table = one.load(data)
        assert len(table) == shown["n"]
        medians = {guild: table[guild].median() for guild in table}
        for guild, values in shown["guilds"].items():
            assert values["real"]["q50"] == pytest.approx(medians[guild], rel=0.01, abs=2e-5), (one.id, guild)
