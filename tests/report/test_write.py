"""A run's files appear whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import plans
import pytest

from hepaxis.problems import InputError
from hepaxis.report import load_plan, render, write


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_both_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    report, document = write(plans.RANKED, folder)
    assert names(folder) == ["plan.json", "report.html"]
    assert report.read_text(encoding="utf-8") == render(plans.RANKED)
    assert load_plan(document.read_text(encoding="utf-8")) == plans.RANKED


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    write(plans.RANKED, tmp_path)
    _, document = write(plans.CANNOT_TELL, tmp_path)
    assert load_plan(document.read_text(encoding="utf-8")) == plans.CANNOT_TELL
    assert names(tmp_path) == ["plan.json", "report.html"]


def test_a_plan_that_cannot_be_written_leaves_the_old_files(tmp_path: Path) -> None:
    write(plans.RANKED, tmp_path)
    before = {n: (tmp_path / n).read_bytes() for n in names(tmp_path)}
    with pytest.raises(InputError, match="base_response"):
        write(replace(plans.RANKED, base_response=replace(plans.BASE, median=float("nan"))), tmp_path)
    assert {n: (tmp_path / n).read_bytes() for n in names(tmp_path)} == before


@pytest.mark.parametrize("fail_at", [1, 2, 3, 4])
@pytest.mark.parametrize("had_files", [True, False])
def test_a_failed_move_puts_back_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail_at: int, had_files: bool
) -> None:
    if had_files:
        write(plans.RANKED, tmp_path)
    elif fail_at > 2:
        pytest.skip("a fresh folder needs two moves only")
    before = {n: (tmp_path / n).read_bytes() for n in names(tmp_path)}
    moved = Path.replace
    calls = 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == fail_at:
            raise OSError(28, "No space left on device")
        return moved(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError, match="No space left"):
        write(plans.CANNOT_TELL, tmp_path)
    assert {n: (tmp_path / n).read_bytes() for n in names(tmp_path)} == before


def test_a_target_that_is_no_folder_is_named(tmp_path: Path) -> None:
    target = tmp_path / "taken"
    target.write_text("mine")
    with pytest.raises(InputError) as caught:
        write(plans.RANKED, target)
    assert caught.value.problems[0].code == "report.cannot_write"
    assert caught.value.problems[0].file == str(target)
    assert target.read_text() == "mine"


def test_a_folder_in_the_place_of_a_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(InputError, match=r"plan\.json is a folder"):
        write(plans.RANKED, tmp_path)
    assert names(tmp_path) == ["plan.json"]
