"""Protects `hepaxis evidence`: what people see and what programs read say the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from hepaxis.evidence import store
from hepaxis.evidence.pooling import answer, question

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
    for part in (
        "HR 1.22 (1.08 to 1.38)", "risk of bias", "doi:10.1016/j.jhepr.2023.100747", "not verified", "NCIT:C3099",
        "DOI:10.1016/j.jhepr.2023.100747",
    ):  # fmt: skip
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


def test_meta_shows_pooled_value_control_contradiction_and_certainty(run: Run, tmp_path: Path) -> None:
    plots = (tmp_path / "forest.svg", tmp_path / "funnel.svg")
    code, told, _ = run(
        "meta",
        "antibiotics",
        "--tumour",
        "HCC",
        "--outcome",
        "OS",
        "--forest",
        str(plots[0]),
        "--funnel",
        str(plots[1]),
    )
    assert code == 0
    model = answer(question("antibiotics", "HCC", "OS")).pool.model
    assert model is not None
    value = math.exp(model.pooled.estimate)
    for part in (
        f"pooled (REML, Knapp-Hartung): {value:.2f}", "negative control", "on sorafenib", "CONTRADICTORY",
        "better when exposed: Fessas 2021 (PFS on ici)", "certainty: VERY LOW", "a new study would lie in",
    ):  # fmt: skip
        assert part in told
    assert all(path.read_text(encoding="utf-8").startswith("<svg") for path in plots)
    _, written, _ = run("meta", "antibiotics", "--json")
    found = json.loads(written)
    assert found["pool"]["model"]["k"] == 3
    assert found["certainty"]["level"] == "very low"


def test_meta_regresses_and_says_when_it_cannot(run: Run) -> None:
    _, told, _ = run("meta", "antibiotics", "--moderator", "year")
    assert "regression on year" in told
    for moderator, why in (("colour", "no moderator"), ("share", "not every study")):
        code, _, err = run("meta", "antibiotics", "--moderator", moderator)
        assert code == 1
        assert why in err
    code, _, err = run("meta", "udca", "--moderator", "year")
    assert code == 1
    assert "more studies" in err


@pytest.mark.parametrize("command", ["grades", "conflicts", "landscape"])
def test_pages_say_the_same_to_people_and_programs(run: Run, command: str) -> None:
    code, told, _ = run(command)
    assert code == 0
    found = json.loads(run(command, "--json")[1])
    if command == "grades":
        assert all(one["id"] in told for one in found["questions"])
        assert all(one["strategy"] in told for one in found["strategies"])
    if command == "conflicts":
        assert [one["label"] for one in found] == [line.split(":")[0] for line in told.splitlines() if line[0] != " "]
    if command == "landscape":
        assert "no completed randomised trial of a microbiota-directed therapy in HCC" in told
        assert all(id in told for cell in found["cells"] for id in cell["records"])


def test_impact_names_gates_with_their_priors(run: Run) -> None:
    code, told, _ = run("impact", "P075")
    assert code == 0
    told = " ".join(told.split())
    assert "gate sting_ifn1: 1 (P075) for, none against; prior 1 (sd 0.5)" in told
    assert "no record is left for it: prior 0 (sd 1)" in told
    assert run("impact", "P0755")[0] == 1


def test_own_records_by_template_check_and_search(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert run("template", str(folder))[0] == 0
    assert run("template", str(folder))[0] == 1  # never over what is there
    code, told, _ = run("check", str(folder))
    assert (code, told) == (0, "0 records and 0 effects, no fault\n")
    assert run("search", "FLORA", "--with", str(folder))[0] == 0
    assert run("check")[1] == "the project's records: no fault\n"
    assert run("meta", "antibiotics", "--with", str(tmp_path / "none"))[0] == 1


def test_export_prints_one_entry_a_record(run: Run) -> None:
    _, told, _ = run("export", "fmt_tacito")
    assert told.count("@misc") == 1
    _, told, _ = run("export", "--format", "ris")
    assert told.count("TY  - GEN") > 250
    assert run("export", "--format", "word")[0] == 1
