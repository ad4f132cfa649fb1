"""Writes the assembled model into the package, so that a first start need not assemble and check it.

`python tools/ship_model.py` after the last change of the model or of a fact before a release.  A test
(tests/test_validation_stamp.py) says when it is out of date: the package then works, but a first start takes seconds.
"""

from __future__ import annotations

from hepaxis.axis import kept
from hepaxis.axis.model import assemble_model
from hepaxis.axis.tables import HOME


def main() -> None:
    kept.ship(HOME, kept.sources(HOME), assemble_model(HOME))


if __name__ == "__main__":
    main()
