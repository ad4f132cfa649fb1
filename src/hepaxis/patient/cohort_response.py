"""Response labels of a cohort table: one word each, one sign each, the same sign as survival and as RECIST.

A response that is yes must go with longer freedom from progression; where it goes with shorter, the column was turned
round on its way (Spencer 2021 in one public collection: 60 of 61 'yes' progressed within a year).  Whether stable
disease counts as response is a choice that a table must make once and say.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hepaxis.patient.cohort import Cohort, rows_shown
from hepaxis.problems import Problem, error, info, warning

YES = frozenset({"yes", "y", "r", "responder", "response", "true", "1", "orr", "or"})
NO = frozenset({"no", "n", "nr", "non responder", "nonresponder", "non response", "false", "0"})
RECIST = {
    "cr": "CR", "complete response": "CR", "pr": "PR", "partial response": "PR", "sd": "SD", "stable disease": "SD",
    "pd": "PD", "progressive disease": "PD", "progression": "PD",
}  # fmt: skip
NO_RESPONSE_WORDS = frozenset({"death", "dead", "deceased", "dissociated response", "mixed response"})
MIN_PAIRS = 12
MIN_GROUP = 5
INVERTED_PHI = -0.2
RESPONSE_NAME = re.compile(r"(orr|respon|recist|best_?resp|anti_pd)", re.IGNORECASE)
SKIPPED_NAME = re.compile(r"(ontology|pred|_unit|_os|_pfs|month|^os|^pfs|uncurated)", re.IGNORECASE)
SURVIVAL_FLAG = re.compile(r"^(disease_response_)?(pfs|os)_?\d*$", re.IGNORECASE)


@dataclass(frozen=True)
class Labels:
    """One column read as labels: row -> +1 response, -1 none; RECIST words keep their category."""

    column: str
    signs: dict[int, int]
    recist: dict[int, str]


def category(text: str) -> str | None:
    """CR, PR, SD or PD for one clean RECIST word; None otherwise."""
    return RECIST.get(_word(text))


def sign(text: str) -> int | None:
    """+1 for a response, -1 for none, None for stable disease and what is neither."""
    word = _word(text)
    if word in YES or RECIST.get(word) in ("CR", "PR"):
        return 1
    if word in NO or RECIST.get(word) == "PD":
        return -1
    return None


def labels(cohort: Cohort) -> list[Labels]:
    """Columns that say who responded."""
    found = []
    for column in cohort.columns:
        cells = cohort.cells(column)
        if not RESPONSE_NAME.search(column) or SKIPPED_NAME.search(column) or not cells:
            continue
        recist = {row: word for row, text in cells if (word := category(text))}
        signs = {row: known for row, text in cells if (known := sign(text))}
        if len(recist.keys() | signs.keys()) >= len(cells) / 2:
            found.append(Labels(column, signs, recist))
    return found


def mixed_words(cohort: Cohort) -> Iterator[Problem]:
    """Cells that hold two response words, or a word that is no response category."""
    for column in (one.column for one in labels(cohort) if one.recist):
        odd = [(row, text) for row, text in cohort.cells(column) if _is_odd(text)]
        for text, count in Counter(text.strip() for _, text in odd).items():
            rows = [row for row, other in odd if other.strip() == text]
            two = "/" in text or "+" in text
            what = "is two categories at once" if two else "is not a response category"
            found = f"'{text}' {what}, in {count} cell{'s' if count > 1 else ''} ({rows_shown(rows)})"
            hint = "decide on CR, PR, SD or PD" + ("" if two else "; put deaths in a column of their own")
            yield warning("cohort.mixed_response", found, hint, file=cohort.file, row=rows[0], column=column)


def _is_odd(text: str) -> bool:
    word = _word(text)
    parts = [part.strip() for part in re.split(r"[/+]", word)]
    known = [part in RECIST or part in NO_RESPONSE_WORDS for part in parts]
    return word in NO_RESPONSE_WORDS or (len(parts) > 1 and any(known))


def inverted(cohort: Cohort) -> Iterator[Problem]:
    """Response columns whose sign disagrees with freedom from progression or survival."""
    for response in labels(cohort):
        for column in cohort.columns:
            if not SURVIVAL_FLAG.match(column):
                continue
            flags = {row: known for row, text in cohort.cells(column) if (known := sign(text)) and not _number(text)}
            if len(flags) >= len(cohort.cells(column)) / 2:
                yield from _against_flag(cohort, response, column, flags)
            else:
                yield from _against_time(cohort, response, column)


def _against_flag(cohort: Cohort, response: Labels, column: str, flags: dict[int, int]) -> Iterator[Problem]:
    both = [(response.signs[row], flags[row]) for row in response.signs if row in flags]
    phi = _phi(both)
    if len(both) < MIN_PAIRS or phi is None or phi > INVERTED_PHI:
        return
    yes = [flag for mark, flag in both if mark > 0]
    against = sum(flag < 0 for flag in yes)
    rows = [row for row in response.signs if response.signs[row] > 0 > flags.get(row, 1)]
    found = (
        f"response looks inverted: of {len(yes)} rows with {response.column} = yes, {against} have {column} = no "
        f"(correlation {phi:.2f} over {len(both)} rows)"
    )
    hint = f"check the source; response and {column} must agree in sign"
    yield error(
        "cohort.inverted_response", found, hint, file=cohort.file, row=rows[0] if rows else None, column=response.column
    )


def _against_time(cohort: Cohort, response: Labels, column: str) -> Iterator[Problem]:
    times = dict(cohort.values(column))
    yes = [times[row] for row, mark in response.signs.items() if mark > 0 and row in times]
    no = [times[row] for row, mark in response.signs.items() if mark < 0 and row in times]
    if min(len(yes), len(no)) < MIN_GROUP or len(yes) + len(no) < MIN_PAIRS:
        return
    if statistics.median(yes) >= statistics.median(no) or _above(yes, no) > 0.5 + INVERTED_PHI:
        return
    found = (
        f"response looks inverted: median {column} is {statistics.median(yes):g} in {len(yes)} responders and "
        f"{statistics.median(no):g} in {len(no)} others"
    )
    hint = f"check the source; responders must have the longer {column}"
    yield error("cohort.inverted_response", found, hint, file=cohort.file, column=response.column)


def conflicts(cohort: Cohort) -> Iterator[Problem]:
    """Two label columns of one table that contradict each other, and what stable disease was counted as."""
    found = labels(cohort)
    for recist in (one for one in found if one.recist):
        for other in found:
            if other.column == recist.column or other.recist:
                continue
            yield from _conflict(cohort, recist, other)


def _conflict(cohort: Cohort, recist: Labels, other: Labels) -> Iterator[Problem]:
    against = [row for row, mark in other.signs.items() if recist.signs.get(row, mark) != mark]
    if against:
        pairs = Counter((recist.recist.get(row, "?"), other.signs[row]) for row in against)
        shown = ", ".join(f"{count} {name} counted as {_said(mark)}" for (name, mark), count in pairs.most_common())
        text = f"'{other.column}' contradicts '{recist.column}' in {len(against)} rows: {shown}"
        hint = "correct one of the two; CR and PR are responses, PD is none"
        yield error("cohort.label_conflict", text, hint, file=cohort.file, row=sorted(against)[0], column=other.column)
    stable = Counter(other.signs[row] for row, name in recist.recist.items() if name == "SD" and row in other.signs)
    if len(stable) > 1:
        text = f"stable disease counts as response in {stable[1]} rows and as none in {stable[-1]}"
        rows = sorted(row for row, name in recist.recist.items() if name == "SD" and other.signs.get(row) == 1)
        yield warning(
            "cohort.stable_disease",
            text,
            "decide once and say so",
            file=cohort.file,
            row=rows[0],
            column=other.column,
        )
    elif stable:
        text = f"stable disease counts as {_said(next(iter(stable)))} in all {sum(stable.values())} rows"
        yield info("cohort.stable_disease", text, "say so with every result", file=cohort.file, column=other.column)


def label_conflicts(first: Cohort, second: Cohort, join: str | None = None) -> list[Problem]:
    """Rows of two tables that name the same sample and say opposite things about its response.

    ``join``: a column both hold; by default the pair of columns that shares most values, cells that hold several ids
    joined by ';' counting for each.  Stable disease is no opposite of anything.
    """
    left_ids = {column: _ids(first, column) for column in ([join] if join else first.columns)}
    right_ids = {column: _ids(second, column) for column in ([join] if join else second.columns)}
    left, right = max(
        ((one, other) for one in left_ids for other in right_ids),
        key=lambda pair: len(left_ids[pair[0]].keys() & right_ids[pair[1]].keys()),
    )
    names, rows = left_ids[left], right_ids[right]
    shared = [name for name in names if name in rows and _is_id(name)]
    if not shared:
        found = f"no row of {first.file} is in {second.file}"
        return [error("cohort.no_match", found, "name the column both share", file=first.file, column=left)]
    found_problems = []
    for one in labels(first):
        for other in labels(second):
            pairs = [(name, one.signs.get(names[name]), other.signs.get(rows[name])) for name in shared]
            known = [(name, a, b) for name, a, b in pairs if a and b]
            opposite = sorted((name for name, a, b in known if a != b), key=names.__getitem__)
            if opposite:
                found = (
                    f"{len(opposite)} of {len(known)} labels are the opposite of '{other.column}' in {second.file}: "
                    + ", ".join(opposite[:5])
                )
                hint = "check both against the paper before using either"
                row = names[opposite[0]]
                found_problems.append(
                    error("cohort.label_conflict", found, hint, file=first.file, row=row, column=one.column)
                )
    return found_problems


def _ids(cohort: Cohort, column: str) -> dict[str, int]:
    return {part.strip(): row for row, text in cohort.cells(column) for part in text.split(";") if _is_id(part)}


def _is_id(text: str) -> bool:
    """Names a sample rather than a category or a count: four characters or more, one of them a digit."""
    return len(text.strip()) > 3 and bool(re.search(r"\d", text)) and not _number(text)


def _phi(pairs: list[tuple[int, int]]) -> float | None:
    counts = Counter(pairs)
    a, b, c, d = counts[1, 1], counts[1, -1], counts[-1, 1], counts[-1, -1]
    size = (a + b) * (c + d) * (a + c) * (b + d)
    return None if not size else (a * d - b * c) / size**0.5


def _above(yes: list[float], no: list[float]) -> float:
    """Share of pairs in which the responder has the longer time; ties count half."""
    wins = sum((one > other) + 0.5 * (one == other) for one in yes for other in no)
    return wins / (len(yes) * len(no))


def _number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d*\.?\d+", text.strip())) and text.strip() not in ("0", "1")


def _said(mark: int) -> str:
    return "response" if mark > 0 else "no response"


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().casefold()).removeprefix("recist ")
