"""The page of a trial is written beside trial.json, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trials

from hepaxis.problems import InputError
from hepaxis.report.trial_page import PAGE, RESULT, render_trial, write_trial


def test_the_page_is_written_beside_the_result_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text(json.dumps(trials.full()), encoding="utf-8")
    written = write_trial(tmp_path)
    assert written == tmp_path / PAGE
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([PAGE, RESULT])
    assert written.read_text(encoding="utf-8") == render_trial(trials.EVERY["full"])


def test_a_faulty_result_leaves_the_page_that_was_there(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text('{"schema": "hepaxis.trial/9"}', encoding="utf-8")
    (tmp_path / PAGE).write_text("before", encoding="utf-8")
    with pytest.raises(InputError, match="schema"):
        write_trial(tmp_path)
    assert (tmp_path / PAGE).read_text(encoding="utf-8") == "before"


def test_a_folder_without_a_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no trial\.json here"):
        write_trial(tmp_path)


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text(json.dumps(trials.full()), encoding="utf-8")
    (tmp_path / PAGE).mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_trial(tmp_path)
