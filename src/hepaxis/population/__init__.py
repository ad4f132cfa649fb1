"""Virtual patients: priors, closure at rest, a patient's twin."""
