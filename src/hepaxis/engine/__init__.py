"""SBML to batched integration and steady states. No biology here."""
