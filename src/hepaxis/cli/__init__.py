"""Commands, one a file, thin.  Heavy imports happen inside a command so that ``--help`` is quick."""

from hepaxis.cli.app import main

__all__ = ["main"]
