"""Local treatment and what treatment does to the gut: each fails when its term, its lever or its sign is removed."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis import therapy
from hepaxis.axis import build

KINDS = ("tace", "sbrt", "y90", "haic", "ablation")


def levels(kind, lever):
    """Amounts of a lever that a treatment sets above rest."""
    rows = therapy.protocol([kind], 400)
    return rows.loc[(rows["lever"] == lever) & (rows["amount"] > 0), "amount"].to_numpy()


def given(kind):
    """Parameters of the first day of a treatment, killing by a share of the volume apart."""
    target = build().levers["target"]
    rows = therapy.protocol([kind], 400)
    first = rows.loc[(rows["time"] == 0) & (rows["action"] == "set")]
    return {target[lever]: float(amount) for lever, amount in zip(first["lever"], first["amount"], strict=True)}


def after(closure, patient, days, **changes):
    e = closure.evaluator
    p = patient.p | changes
    return e.every(e.course(patient.y, p, [0.0, days])[-1], p)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_kills_and_releases_antigen(closure, patient, kind):
    e = closure.evaluator
    rest, now = e.every(patient.y, patient.p), e.every(patient.y, patient.p | given(kind))
    debulked = levels(kind, "tumour.kill")
    assert now["kill_local"] > 0 if len(debulked) == 0 else debulked[0] < 1
    assert now["antigen_flux"] > rest["antigen_flux"]
    assert now["sting_ligand"] > rest["sting_ligand"]


EFFECTS = {  # lever -> (variable, its direction)
    "local.kill": ("kill_local", 1),
    "antigen.release": ("antigen_flux", 1),
    "local.dna": ("sting_ligand", 1),
    "local.leak": ("local_loosening", 1),
    "local.stress": ("feedback_but", -1),
    "local.ischaemia": ("perfusion", -1),
}
NOT_GIVEN = {("tace", "local.dna"), ("ablation", "local.kill")} | {  # an ischaemic death; a share at once
    (kind, "local.ischaemia") for kind in KINDS if kind != "tace"
}


@pytest.mark.parametrize("lever", EFFECTS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_each_effect_by_its_own_lever(closure, patient, kind, lever):
    """Fails when a treatment loses a lever, or a lever its term or its sign."""
    assert (len(levels(kind, lever)) > 0) == ((kind, lever) not in NOT_GIVEN)
    if (kind, lever) in NOT_GIVEN:
        return
    e, (name, sign), all_ = closure.evaluator, EFFECTS[lever], given(kind)
    without = {target: amount for target, amount in all_.items() if target != build().levers.at[lever, "target"]}
    now, less = (e.every(patient.y, patient.p | changes)[name] for changes in (all_, without))
    assert (now - less) * sign > 0.01 * abs(less)


def test_a_closed_artery_means_hypoxia_and_vegf_for_a_month_and_both_return(closure, patient):
    """VEGF in serum after TACE was 114-170% of before at one day to four weeks (10.14218/JCTH.2016.00058)."""
    e = closure.evaluator
    closed = given("tace")["local_ischaemia"]
    month = e.course(patient.y, patient.p | {"local_ischaemia": closed}, [0.0, 28.0])[-1]
    later = e.course(month, patient.p, [0.0, 40.0])[-1]
    at, after_ = e.every(month, patient.p), e.every(later, patient.p)
    assert 1.14 < at["tumour_vegf"] < 1.70
    assert at["hypoxia"] > 1.3
    assert at["vessels"] < 1.0
    assert at["metabolic_fitness"] < 0.98
    for name in ("tumour_vegf", "hypoxia", "vessels"):
        assert after_[name] == pytest.approx(1.0, abs=0.02)


def test_radiation_shows_more_dna_than_heat_and_heat_more_than_a_closed_artery(closure, patient):
    ligand = {k: closure.evaluator.every(patient.y, patient.p | given(k))["sting_ligand"] for k in KINDS}
    assert min(ligand["sbrt"], ligand["y90"]) > ligand["ablation"] > ligand["tace"]


def test_a_lever_of_dna_does_nothing_where_nothing_dies_and_scales_what_dies(closure, patient):
    def ligand(**changes):
        return closure.evaluator.every(patient.y, patient.p | changes)["sting_ligand"]

    rest = ligand()
    assert ligand(local_dna=3.0) == rest
    assert ligand(local_dna=3.0, antigen_release=2.0) - rest == pytest.approx(4 * (ligand(antigen_release=2.0) - rest))


@pytest.mark.parametrize(
    ("change", "removed"),
    [({"local_leak": 1.0}, "loosen_local"), ({"portal_change": 0.5}, "portal_wall")],
)
def test_the_wall_is_looser_and_endotoxin_higher(closure, patient, change, removed):
    rest = closure.evaluator.every(patient.y, patient.p)
    loose = after(closure, patient, 14.0, **change)
    assert loose["barrier"] < 0.95 * rest["barrier"]
    assert loose["lps_systemic"] > 1.1 * rest["lps_systemic"]
    without = after(closure, patient, 14.0, **change, **{removed: 0.0}, portal_oral=0.0)
    assert without["lps_systemic"] == pytest.approx(rest["lps_systemic"], rel=0.01)


def test_the_wall_closes_again_after_the_treatment(closure, patient):
    e = closure.evaluator
    loose = e.course(patient.y, patient.p | {"local_leak": 1.0}, [0.0, 7.0])[-1]
    closed = e.course(loose, patient.p, [0.0, 120.0])[-1]
    barrier = e.index["barrier"]
    assert loose[barrier] < 0.95 * patient.y[barrier]
    assert closed[barrier] == pytest.approx(patient.y[barrier], rel=0.01)


@pytest.mark.parametrize(
    ("change", "guild", "sign", "removed"),
    [
        ({"local_stress": 1.0}, "but", -1, "local_community_but"),
        ({"local_stress": 1.0}, "ent", 1, "local_community_ent"),
        ({"tki_level": 1.0}, "but", -1, "tki_community_but"),
        ({"tki_level": 1.0}, "ent", 1, "tki_community_ent"),
        ({"portal_change": 0.5}, "ora", 1, "portal_oral"),
        ({"portal_change": -0.5}, "ora", -1, "portal_oral"),
    ],
)
def test_treatment_disturbs_the_community(closure, patient, change, guild, sign, removed):
    e = closure.evaluator
    rest = e.every(patient.y, patient.p)[f"feedback_{guild}"]
    y = patient.y.copy()
    y[e.index["tki_amount"]] = change.get("tki_level", 0.0) * patient.p["tki_daily_dose"] / patient.p["tki_elimination"]
    moved = e.every(y, patient.p | change)[f"feedback_{guild}"] - rest
    assert moved * sign > 0.03
    assert e.every(y, patient.p | change | {removed: 0.0})[f"feedback_{guild}"] == pytest.approx(rest, abs=1e-12)
    share = after(closure, patient, 60.0, **change)[f"share_{guild}"]
    assert (share - e.every(patient.y, patient.p)[f"share_{guild}"]) * sign > 0


def test_no_disturbance_empties_a_guild(closure, patient):
    worst = after(closure, patient, 365.0, local_stress=1.0, tki_level=1.0, portal_change=1.0)
    shares = np.array([worst[f"share_{guild}"] for guild in build().guilds.index])
    assert (shares > 0).all()
    assert worst["share_but"] > 0.3 * closure.evaluator.every(patient.y, patient.p)["share_but"]
