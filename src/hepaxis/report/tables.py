"""What a figure hands to the page: row charts and data tables, as plain records the templates lay out.

A row chart is a table with one column drawn (rule 8 of the design): it reads out in order and reflows on a phone.
A data table stands under each plot and holds the numbers that the plot draws.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Cell:
    """``kind``: label, chart, value, mark or blank.  ``css``: more classes."""

    kind: str
    body: Markup | str = ""
    css: str = ""
    small: Markup | str = ""  # second, quieter line


@dataclass(frozen=True)
class RowChart:
    """``css`` picks the column widths; ``head`` may be empty."""

    css: str
    label: str
    rows: tuple[tuple[Cell, ...], ...]
    head: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class DataTable:
    """Numbers under a plot; the first column is text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """A picture without row structure, its axes, and its data."""

    body: Markup
    data: DataTable
    notes: tuple[str, ...] = field(default=())


def value_cell(strong: str, quiet: str = "") -> Cell:
    """Number beside its marks: median in bold, interval after it."""
    if not quiet:
        return Cell("value", Markup("<b>{}</b>").format(strong))
    return Cell("value", Markup('<b>{}</b> <span class="dim">({})</span>').format(strong, quiet))
