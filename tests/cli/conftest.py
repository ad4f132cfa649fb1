"""The command line in this process, for every test of a command."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from hepaxis.cli import main


@pytest.fixture
def hepaxis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``hepaxis("plan", folder, ...)`` -> exit code, stdout, stderr; a traceback fails the test."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hepaxis", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(left.value.code or 0), out, err

    return call
