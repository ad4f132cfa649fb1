"""The personal plan: strategies on the same virtual patients, ranked with intervals, safety-checked, or abstained."""
