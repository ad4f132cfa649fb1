"""Measurements, not tests: ``python -m benchmarks`` prints JSON and writes it to benchmarks/result.json."""
