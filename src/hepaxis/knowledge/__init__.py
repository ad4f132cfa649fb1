"""Curated facts as text tables with schema and provenance: load, lint, cite."""
