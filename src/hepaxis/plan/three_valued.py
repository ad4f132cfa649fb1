"""True, false or unknown, each with its words: what made a condition true, and what would have to be asked.

Kleene's logic: an unknown part leaves the whole unknown unless another part settles it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """``value`` None: unknown; ``because`` names the parts that hold, ``ask`` the parts that are not known."""

    value: bool | None
    because: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()


ALWAYS = Finding(True)


def fact(label: str, value: bool | None) -> Finding:
    """One named part of a condition."""
    if value is None:
        return Finding(None, (), (label,))
    return Finding(value, (label,) if value else ())


def any_of(*parts: Finding) -> Finding:
    """True where one part is; unknown where none is true and one is unknown."""
    true = [part for part in parts if part.value]
    if true:
        return Finding(True, _joined(part.because for part in true))
    if any(part.value is None for part in parts):
        return Finding(None, (), _joined(part.ask for part in parts))
    return Finding(False)


def all_of(*parts: Finding) -> Finding:
    """False where one part is; unknown where none is false and one is unknown."""
    if any(part.value is False for part in parts):
        return Finding(False)
    because = _joined(part.because for part in parts)
    if any(part.value is None for part in parts):
        return Finding(None, because, _joined(part.ask for part in parts))
    return Finding(True, because)


def below(value: float | None, limit: float) -> bool | None:
    return None if value is None else value < limit


def above(value: float | None, limit: float) -> bool | None:
    return None if value is None else value > limit


def among(value: str | None, values: tuple[str, ...]) -> bool | None:
    return None if value is None else value in values


def negate(value: bool | None) -> bool | None:
    return None if value is None else not value


def _joined(groups: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for group in groups for word in group))  # type: ignore[attr-defined]
