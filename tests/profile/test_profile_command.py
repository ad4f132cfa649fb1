"""``hepaxis profile``: what it prints, what it refuses, and that stdout stays clean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from hepaxis.cli.profile import profile

Write = Callable[..., Path]

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(profile)
runner = CliRunner()

TABLE = (
    "clade_name\tA\tB\nUNCLASSIFIED\t60\t20\n"
    "k__Bacteria|p__F|c__C|o__E|f__Lachnospiraceae|g__Blautia|s__Blautia_wexlerae|t__SGB4837\t30\t80\n"
    "k__Bacteria|p__V|c__V|o__V|f__Akkermansiaceae|g__Akkermansia|s__Akkermansia_muciniphila|t__SGB9226\t10\t0\n"
)


def test_text_report_names_samples_steps_and_guilds(write: Write) -> None:
    done = runner.invoke(app, [str(write(TABLE))])
    assert done.exit_code == 0
    for word in ("metaphlan4", "60.0%", "Scale found: 0-100", "Guild shares", "akk", "Research use only"):
        assert word in done.stdout
    assert "profile.mostly_unknown" in done.stderr
    assert "warning:" not in done.stdout


def test_json_is_complete_and_alone_on_stdout(write: Write) -> None:
    done = runner.invoke(app, [str(write(TABLE)), "--json"])
    report = json.loads(done.stdout)
    first = report["samples"][0]
    assert (first["sample"], first["richness"], report["rank"]) == ("A", 2, "strain")
    assert first["unknown"] == pytest.approx(0.6)
    assert first["guilds"]["akk"] == pytest.approx(0.25)
    assert sum(first["guilds"].values()) == pytest.approx(1.0)
    assert first["reads"] is None
    assert 0 <= first["resolved"] <= 1
    assert report["statement"].startswith("Research use only")


def test_one_sample_and_the_table_written(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "relative.tsv"
    done = runner.invoke(app, [str(write(TABLE)), "--sample", "B", "--out", str(out)])
    assert done.exit_code == 0
    table = pd.read_csv(out, sep="\t", index_col=0)
    assert table.index.to_list() == ["B"]
    assert table.loc["B"].sum() == pytest.approx(1.0)


def test_errors_are_a_list_on_stderr_and_nothing_is_written(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "relative.tsv"
    bad = write(TABLE.replace("\t30\t80", "\tx\ty"))
    done = runner.invoke(app, [str(bad), "--out", str(out), "--json"])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.count("profile.bad_number") == 2
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_unwritable_out_is_one_line(write: Write, tmp_path: Path) -> None:
    done = runner.invoke(app, [str(write(TABLE)), "--out", str(tmp_path / "no" / "where.tsv")])
    assert done.exit_code == 3
    assert "[profile.out]" in done.stderr


@pytest.mark.shared
@pytest.mark.parametrize(
    "path",
    [
        "toposcore_nsclc/met4_valid_complete.csv",
        "toposcore_nsclc/sylph_GTDBr220_test_data.tsv",
        "hcc_16s_waschina2022/asv_tab.tsv.gz",
        "ici_ogu_11cohorts/Lee_2022_table.tsv.gz",
        "cdiff_fmt_timecourse/example_12x60.biom",
        "cirrhosis_qin2014/abundance.tsv",
    ],
)
def test_real_profiles_of_issue_2_run_through(shared: Callable[[str], Path], path: str) -> None:
    done = runner.invoke(app, [str(shared(f"data/{path}")), "--json"])
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert min(s["assigned"] for s in report["samples"]) >= 0
    assert report["steps"]
