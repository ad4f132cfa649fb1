"""Published scores of a stool sample, by name and with their source, and scores that a user brings in a file.

Shipped: what was published as a plain rule (Akkermansia's three classes, the dysbiosis ratios of ``community``) and the
formula of the health index without its lists.  Not shipped: lists and weights of a score that a patent application
covers, or whose terms are not stated; ``read_score`` takes them from a file that the user brings (docs/cohort.md).
"""

from hepaxis.cohort.scores.formulas import collective_balance, presence_balance, weighted_sum
from hepaxis.cohort.scores.published import akkermansia_classes, published_scores
from hepaxis.cohort.scores.score_file import Score, read_score

__all__ = [
    "Score",
    "akkermansia_classes",
    "collective_balance",
    "presence_balance",
    "published_scores",
    "read_score",
    "weighted_sum",
]
