"""``hepaxis check``: a list by file, exit code 1 with errors and 0 without, JSON on request, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hepaxis.cli.check import check


def run(*arguments: str):  # type: ignore[no-untyped-def]
    app = typer.Typer()
    app.command()(check)
    return CliRunner().invoke(app, arguments)


def test_a_good_folder_ends_with_zero(root: Path) -> None:
    result = run(str(root / "examples" / "masld_dysbiotic"))
    assert result.exit_code == 0
    assert "0 errors" in result.stdout
    assert "Research use only" in result.stdout


def test_a_bad_folder_lists_every_fault_by_file_and_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "patient.yaml").write_text("liver: {albumin: 3.9}\nbloodd: {}\n")
    (tmp_path / "metabolites.csv").write_text("metabolite,value,unit,matrix\nacetate,-4,umol/g,stool\n")
    result = run(str(tmp_path))
    assert result.exit_code == 1
    for part in ("patient.yaml\n", "row 1 liver.albumin", "row 2 bloodd", "metabolites.csv\n", "3 errors"):
        assert part in result.stdout


def test_json_holds_the_same_problems(tmp_path: Path) -> None:
    (tmp_path / "patient.yaml").write_text("liver: {albumin: 3.9}\n")
    result = run(str(tmp_path), "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["counts"]["error"] == 1
    assert {"severity", "code", "found", "hint", "file", "row", "column"} == set(told["problems"][0])


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02", b"\xff\xfe", b"a,b\n1\n", b"\x1f\x8b", b"{}", b"age,sex,ORR\n"]
)
@pytest.mark.parametrize("name", ["patient.yaml", "metabolites.csv", "table.tsv"])
def test_no_file_gives_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for target in (path, tmp_path):
        result = run(str(target))
        assert result.exit_code in (0, 1)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "check.failed" not in result.stdout


def test_a_missing_path_is_an_error_line(tmp_path: Path) -> None:
    result = run(str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "no such file" in result.stdout
