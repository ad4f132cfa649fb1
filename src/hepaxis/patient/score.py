"""What a clinical score says: its value when every input is known, else the range the missing ones leave open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One score of one patient.

    value    the score, None while an input that decides it is missing
    low, high  the range left open; equal to ``value`` when it is known; None when there is none to give
    grades   grades still possible, best first; one when settled, none when nothing is known
    missing  labels of the inputs that are not on the sheet
    assumed  what was taken for granted, in words
    detail   part -> its contribution, as text
    """

    id: str
    label: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    grades: tuple[str, ...]
    missing: tuple[str, ...]
    assumed: tuple[str, ...]
    detail: dict[str, str]
    formula: str
    source: str

    @property
    def grade(self) -> str | None:
        """The grade when only one is possible."""
        return self.grades[0] if len(self.grades) == 1 else None

    def __str__(self) -> str:
        shown = ""
        if self.value is not None:
            shown = f"{self.value:.4g}"
        elif self.low is not None and self.high is not None:
            shown = f"{self.low:.4g} to {self.high:.4g}"
        unit = self.unit if shown and self.unit != "1" else ""
        grades = " or ".join(self.grades)
        known = [shown, unit, f"({grades})" if shown and grades else grades]
        text = " ".join(part for part in (self.label, *known) if part)
        text = text if shown or grades else f"{self.label} not known"
        return text + (f"; missing: {', '.join(self.missing)}" if self.missing else "")
