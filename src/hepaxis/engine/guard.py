"""What is looked at before a parser sees an SBML text: size, depth, width and document types.

Held: libSBML and the formula readers recurse, so that a formula some thousand elements deep or wide ends the process
instead of raising; entities can name files and grow without bound.  All of it is refused here, in time and memory
linear in the text, by a parser (expat) that expands nothing.
"""

from __future__ import annotations

from xml.parsers import expat

from .faults import Fault, UnsupportedModel

MOST_BYTES = 50_000_000
MOST_ELEMENTS = 3_000_000
DEEPEST = 300  # elements in one another
WIDEST = 5_000  # operands of one operator
OPERATOR = "apply"


def guard(text: str) -> None:
    """Raises UnsupportedModel with the first thing that no parser should see."""
    content = text.encode("utf-8", errors="replace")
    if len(content) > MOST_BYTES:
        raise _refused(f"{len(content) / 1e6:.0f} MB of SBML", f"the most read is {MOST_BYTES / 1e6:.0f} MB")
    parser = expat.ParserCreate("utf-8")
    seen = 0
    operands: list[int] = []  # children so far of each open element
    operators: list[bool] = []

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal seen
        seen += 1
        if operands:
            operands[-1] += 1
            if operators[-1] and operands[-1] > WIDEST:
                raise _refused(f"an operator with more than {WIDEST} operands", "write it as several rules", parser)
        operands.append(0)
        operators.append(name.rpartition(":")[2] == OPERATOR)
        if len(operands) > DEEPEST:
            raise _refused(f"elements more than {DEEPEST} deep", "write the formula as several rules", parser)
        if seen > MOST_ELEMENTS:
            raise _refused(f"more than {MOST_ELEMENTS} elements", "split the model", parser)

    def end(_: str) -> None:
        operands.pop()
        operators.pop()

    def doctype(*_: object) -> None:
        raise _refused("a document type declaration", "remove it: entities are not read", parser)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as fault:
        raise UnsupportedModel(
            [Fault(f"no XML that can be read: {expat.ErrorString(fault.code)}", f"SBML line {fault.lineno}")]
        ) from None


def _refused(found: str, hint: str, parser: expat.XMLParserType | None = None) -> UnsupportedModel:
    where = f"SBML line {parser.CurrentLineNumber}" if parser is not None else ""
    return UnsupportedModel([Fault(found, where, hint)])
