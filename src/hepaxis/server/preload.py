"""What children of the server need, imported once in the process that they fork from."""

import hepaxis.exchange
import hepaxis.patient
import hepaxis.plan.make
import hepaxis.plan.what_if
import hepaxis.population
import hepaxis.report
import hepaxis.report.trial_page
import hepaxis.trial
import hepaxis.trial.summary  # noqa: F401
