"""Protects `hepaxis evidence`: what people see and what programs read say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hepaxis.evidence import store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """``run("search", ...)`` -> exit code, stdout, stderr, in this process."""
    from hepaxis.cli import main

    monkeypatch.setenv(store.ENVIRONMENT, str(tmp_path / "cache"))

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hepaxis", "evidence", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def test_search_says_the_same_to_people_and_programs(run: Run) -> None:
    code, told, err = run("search", "antibiotics", "--tumour", "HCC", "--kind", "exposure")
    assert code == 0
    assert "Research use only" in err
    _, written, _ = run("search", "antibiotics", "--tumour", "HCC", "--kind", "exposure", "--json")
    records = json.loads(written)
    assert [line.split(":")[0] for line in told.splitlines()] == [one["id"] for one in records]
    assert {"cheung_2021", "pinato_2023"} <= {one["id"] for one in records}


def test_a_retracted_study_is_struck_through(run: Run) -> None:
    _, told, _ = run("list", "--status", "retracted")
    assert "RETRACTED" in told
    assert "L\u0336i\u0336" in told


def test_show_holds_effects_bias_and_sources(run: Run) -> None:
    _, told, _ = run("show", "pinato_2023")
    for part in ("HR 1.22 (1.08 to 1.38)", "risk of bias", "doi:10.1016/j.jhepr.2023.100747", "not verified"):
        assert part in told
    _, written, _ = run("show", "pinato_2023", "--json")
    assert len(json.loads(written)["effects"]) == 6


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("show", "fessas_2012"), "fessas_2021"),
        (("list", "--taxon", "Veilonella"), "veillonella"),
        (("list", "--tumour", "hepatoma"), "evidence.tumour"),
        (("list", "--metabolite", "butter"), "butyrate"),
    ],
)
def test_an_unknown_word_is_answered_with_known_ones(run: Run, arguments: tuple[str, ...], near: str) -> None:
    code, _, err = run(*arguments)
    assert code == 1
    assert near in err
