"""From trajectories to scans, responses, progression and immune events."""
