"""How much tumour there is and how fast it grew: sum of target diameters, volume, growth between scans.

A diameter says little of a volume.  The sphere on the longest diameter is taken; an ellipsoid whose shortest axis is
half its longest has a quarter of it (the span Levine 2011 allows), and volumes from CT diameters scattered with an sd
of 35% about planimetry in 63 patients (Liess, Roth, Umgelter, Zoller: three-dimensional sonography of hepatic lesions;
abstract).  Growth is read from sums of diameters on two days; a change under a factor of 1.2 is within measurement
(Levine 2011, nist.gov/publications/tumor-volume-measurement-errors-recist-studied-ellipsoids).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hepaxis.patient.consistency import MAX_TARGETS, MAX_TARGETS_PER_ORGAN, MIN_TARGET_MM, MIN_TARGET_NODE_MM
from hepaxis.patient.record import Lesion, Patient
from hepaxis.patient.score import Score

MM3_PER_ML = 1000.0
FLATTEST = 0.25  # volume over its sphere at an axis ratio of 2, Levine 2011
VOLUME_SD = 0.35  # fraction, CT with the ellipsoid formula, 63 patients, Liess
TWO_SIDED_90 = 1.645
TWO_SIDED_95 = 1.96
SMALLEST_SURE_CHANGE = 1.2  # factor on a diameter, 95%, Levine 2011
READING_SD = math.log(SMALLEST_SURE_CHANGE) / (TWO_SIDED_95 * math.sqrt(2))  # sd of ln(diameter) on one scan
MIN_DAYS = 14.0  # between scans; closer ones measure the reader, not the tumour (assumed)


def target_lesions(patient: Patient) -> tuple[tuple[Lesion, ...], bool]:
    """Target lesions, and whether they were chosen here by RECIST 1.1 because the sheet flags none."""
    flagged = tuple(lesion for lesion in patient.tumour.lesions if lesion.target)
    if flagged:
        return flagged, False
    chosen: list[Lesion] = []
    for lesion in sorted(patient.tumour.lesions, key=lambda one: -(one.diameter or 0.0)):
        organ = lesion.organ or "liver"
        smallest = MIN_TARGET_NODE_MM if organ == "lymph_node" else MIN_TARGET_MM
        measurable = (lesion.diameter or 0.0) >= smallest and not lesion.infiltrative and organ not in ("vein", "bone")
        full = sum((one.organ or "liver") == organ for one in chosen) >= MAX_TARGETS_PER_ORGAN
        if measurable and lesion.target is not False and not full and len(chosen) < MAX_TARGETS:
            chosen.append(lesion)
    return tuple(chosen), True


def sum_of_diameters(patient: Patient) -> Score:
    """Sum of the target lesions' longest diameters at baseline, mm (nodes: short axis)."""
    targets, chosen = target_lesions(patient)
    sizes = [lesion.diameter for lesion in targets if lesion.diameter is not None]
    incomplete = [_name(lesion, n) for n, lesion in enumerate(targets, 1) if lesion.diameter is None]
    missing = tuple(f"diameter of {name}" for name in incomplete) or (() if targets else ("Lesions with diameters",))
    total = sum(sizes) if sizes and not incomplete else None
    assumed = ("no lesion is flagged as target: the largest measurable ones were taken",) if chosen and targets else ()
    return Score(
        "sum_of_diameters", "Sum of target diameters", "mm", total, total if total else (sum(sizes) or None), total, (),
        missing, assumed, {_name(lesion, n): _size(lesion) for n, lesion in enumerate(targets, 1)},
        "sum of at most 5 target lesions, at most 2 an organ, each at least 10 mm (nodes 15 mm)",
        "10.1016/j.ejca.2008.10.026",
    )  # fmt: skip


def tumour_volume(patient: Patient) -> Score:
    """Volume of all listed lesions, mL: sphere on the longest diameter, with the span its shape leaves open."""
    lesions = patient.tumour.lesions
    volumes = {_name(one, n): sphere_ml(one.diameter) for n, one in enumerate(lesions, 1) if one.diameter is not None}
    unmeasured = [_name(lesion, n) for n, lesion in enumerate(lesions, 1) if lesion.diameter is None]
    count = patient.tumour.lesion_count
    liver = sum(lesion.organ in (None, "liver") for lesion in lesions)
    assumed = ["each lesion is a sphere on its longest diameter; 90% span from shape and reading"]
    if volumes and (unmeasured or (count is not None and count > liver)):
        assumed.append("lesions that are not listed or not measured add to it: a lower bound")
    total = sum(volumes.values()) if volumes else None
    return Score(
        "tumour_volume", "Tumour volume", "mL", total,
        None if total is None else FLATTEST * total,
        None if total is None else total * (1 + TWO_SIDED_90 * VOLUME_SD),
        (),
        tuple(f"diameter of {name}" for name in unmeasured) or (() if lesions else ("Lesions with diameters",)),
        tuple(assumed) if volumes else (),
        {name: f"{volume:.3g} mL" for name, volume in volumes.items()},
        "sum of pi/6 d^3; from a quarter of it (axis ratio 2) to 1 + 1.645 x 0.35 of it",
        "nist.gov/publications/tumor-volume-measurement-errors-recist-studied-ellipsoids",
    )  # fmt: skip


def sphere_ml(diameter: float) -> float:
    """mL of a sphere of ``diameter`` mm."""
    return math.pi / 6 * diameter**3 / MM3_PER_ML


@dataclass(frozen=True)
class Growth:
    """Growth of the summed volume before treatment: ``rate`` of ln(volume) per day with its sd from reading error.

    ``doubling_days`` is None when the tumour did not grow.
    """

    rate: float
    sd: float
    first_day: float
    last_day: float
    n_lesions: int

    @property
    def doubling_days(self) -> float | None:
        return math.log(2) / self.rate if self.rate > 0 else None


def growth(patient: Patient) -> Growth | None:
    """Growth between the first and the last measurement at or before day 0 of the lesions seen on both; None if none.

    The baseline diameter counts as day 0 where no scan of that lesion is dated there.
    """
    seen = [series for series in map(_series, patient.tumour.lesions) if len(series) > 1]
    if not seen:
        return None
    first = max(min(series) for series in seen)
    last = min(max(series) for series in seen)
    both = [series for series in seen if first in series and last in series]
    if last - first < MIN_DAYS or not both:
        return None
    before = sum(series[first] for series in both)
    after = sum(series[last] for series in both)
    span = last - first
    rate = 3 * math.log(after / before) / span
    sd = 3 * math.sqrt(2 / len(both)) * READING_SD / span
    return Growth(rate, sd, first, last, len(both))


def _series(lesion: Lesion) -> dict[float, float]:
    series = {
        scan.day: scan.diameter for scan in lesion.scans if scan.day is not None and scan.day <= 0 and scan.diameter
    }
    if lesion.diameter is not None:
        series.setdefault(0.0, lesion.diameter)
    return series


def _name(lesion: Lesion, number: int) -> str:
    return lesion.id or f"lesion {number}"


def _size(lesion: Lesion) -> str:
    return "not known" if lesion.diameter is None else f"{lesion.diameter:g} mm"
