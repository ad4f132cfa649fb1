"""The commented scenario that ``hepaxis template scenario`` prints."""

from __future__ import annotations

from importlib.resources import files


def scenario_template() -> str:
    return files("hepaxis.exchange").joinpath("scenario_template.yaml").read_text(encoding="utf-8")
