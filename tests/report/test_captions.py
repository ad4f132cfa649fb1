"""A caption says what the numbers say: change the numbers and the sentence follows."""

from __future__ import annotations

from dataclasses import replace

import plans
import pytest
from plans import RANKED, iv

from hepaxis.plan.schema import Plan, Strategy
from hepaxis.report import captions
from hepaxis.report.reading import shown_in_order


def with_strategy(index: int, **changes: object) -> Plan:
    rows = list(RANKED.strategies)
    rows[index] = replace(rows[index], **changes)  # type: ignore[arg-type]
    return replace(RANKED, strategies=tuple(rows))


def test_strategies_tell_which_intervals_exclude_zero() -> None:
    assert captions.strategies(RANKED).finding == "Every 90% interval includes zero."
    above = captions.strategies(with_strategy(1, change_response=iv(0.08, 0.01, 0.16))).finding
    assert above == "1 of 8 90% intervals lies above zero (Nivolumab + ipilimumab, no add-on)."
    below = captions.strategies(with_strategy(6, change_response=iv(-0.08, -0.16, -0.01))).finding
    assert below == "1 of 8 90% intervals lies below zero (adding UDCA 13 mg/kg/d)."
    assert "29% chance of being best" in captions.strategies(RANKED).how
    assert "44% chance of being best" in captions.strategies(with_strategy(1, p_best=0.44)).how


def test_strategies_count_what_is_blocked_or_in_a_trial() -> None:
    assert "2 blocked by a safety rule and 3 in a trial only" in captions.strategies(RANKED).how
    assert "blocked" not in captions.strategies(plans.SINGLE).how
    assert captions.strategies(plans.SINGLE).finding == "The one 90% interval shown includes zero."
    assert captions.strategies(plans.ALL_BLOCKED).finding.startswith("No strategy")


def test_attribution_tells_gut_and_largest_group() -> None:
    finding = captions.attribution(RANKED.attribution, 150).finding
    assert finding == (
        "Gut: −3.1 points (90% interval −7.1, +0.6), an interval that includes zero; "
        "the largest lowering group is Tumour, −4.8 (−10.2, −0.3)."
    )
    gut_first = (replace(RANKED.attribution[0], effect=iv(-0.09, -0.13, -0.04)), *RANKED.attribution[1:])
    finding = captions.attribution(gut_first, 150).finding
    assert "−9.0 points (90% interval −13.0, −4.0), an interval that excludes zero" in finding
    assert finding.endswith("the largest lowering group is Gut.")
    assert captions.attribution((), 150).finding == "No step could be attributed."


def test_counterfactuals_tell_the_best_gut() -> None:
    assert captions.counterfactuals(RANKED).finding == (
        "Highest: Reference gut, 19% (7–37), against 15% (5–31) with this gut."
    )
    none_better = replace(RANKED, base_response=iv(0.25, 0.1, 0.4))
    assert captions.counterfactuals(none_better).finding.startswith("No gut compared has a higher median")


def test_guilds_tell_what_is_outside_the_range() -> None:
    profile = plans.PROFILE
    finding = captions.guilds(profile).finding
    assert finding == "Enterobacteriaceae is above the reference range; Akkermansia is not found."
    low = replace(profile, guilds=(replace(profile.guilds[0], share=0.01), *profile.guilds[1:]))
    assert "Butyrate producers is below it" in captions.guilds(low).finding
    inside = replace(profile, guilds=profile.guilds[:2])
    assert captions.guilds(inside).finding == "All guilds lie within their reference range."
    assert "17% of what was identified" in captions.guilds(replace(profile, other_share=0.17)).how


def test_capacities_tell_what_is_outside_and_what_is_unknown() -> None:
    caption = captions.capacities(RANKED.capacities)
    assert caption.finding == "Calprotectin, stool and Hexa-acylated LPS are above the reference range by median."
    assert caption.how == (
        "1 measured, 5 predicted from the profile. Indolepropionate (IPA) and Propionate: unknown, at their priors."
    )
    lower = tuple(replace(c, value=iv(5, 1, 9)) if c.id == "butyrate" else c for c in RANKED.capacities)
    assert "Butyrate is below the reference range" in captions.capacities(lower).finding
    assert captions.capacities(plans.NO_PROFILE.capacities).finding == "No capacity is known beyond its prior."


def test_network_tells_the_heaviest_path() -> None:
    finding = captions.network(RANKED.nodes, RANKED.edges, 150).finding
    assert finding.startswith(
        "The strongest path: Enterobacteriaceae raises Hexa-acylated LPS, which raises Endotoxin, which raises"
    )
    assert "which lowers Entry of CD8" in finding
    flipped = tuple(replace(e, weight=0.9) if e.source in {"g.but", "l.but"} else e for e in RANKED.edges)
    assert "Butyrate producers raises Butyrate" in captions.network(RANKED.nodes, flipped, 150).finding
    assert captions.network((), (), 150).finding.startswith("No link")


def test_timeline_tells_the_last_exposure_before_the_first_dose() -> None:
    assert captions.timeline(RANKED.timeline).finding == (
        "Ceftriaxone, intravenous (day −23 to −16) ended 16 days before the first dose; PPI and Entecavir are ongoing."
    )
    later = (replace(RANKED.timeline[0], end=-2.0), *RANKED.timeline[1:])
    assert "ended 2 days before" in captions.timeline(later).finding
    assert captions.timeline(()).finding == "No exposure is recorded before the first dose."


def test_course_tells_whether_the_bands_overlap() -> None:
    base, other = RANKED.curves
    assert "the 90% bands overlap: Atezolizumab + bevacizumab +24%" in captions.course((base, other), 150).finding
    far = replace(base, lo90=tuple(2.0 for _ in base.days), hi90=tuple(3.0 for _ in base.days))
    assert "the 90% bands are apart" in captions.course((far, other), 150).finding
    assert captions.course((), 150).finding == "No course was simulated."


def test_trade_tells_gain_and_harm() -> None:
    rows: tuple[Strategy, ...] = shown_in_order(RANKED)
    assert captions.trade(rows, 150).finding.startswith("The largest median gain comes with the most harm.")
    gentle = shown_in_order(with_strategy(2, change_response=iv(0.2, 0.1, 0.3)))
    finding = captions.trade(gentle, 150).finding
    assert "adding FMT capsules, screened donor, day 0 and 21: +20.0 (+10.0, +30.0) points" in finding
    assert finding.endswith("Nivolumab + ipilimumab, no add-on: 26% (17–37).")


@pytest.mark.parametrize(("value", "words"), [(0.34, "34% of the variance"), (0.61, "61%")])
def test_missing_tells_the_first_item(value: float, words: str) -> None:
    plan = replace(RANKED, missing=(replace(RANKED.missing[0], value=value), *RANKED.missing[1:]))
    assert words in captions.missing(plan).finding
    assert captions.missing(replace(RANKED, missing=())).finding.startswith("Nothing")


def test_missing_names_nothing_where_nothing_counts() -> None:
    plan = replace(RANKED, missing=tuple(replace(m, value=0.0) for m in RANKED.missing))
    assert captions.missing(plan).finding.startswith("No missing item")


def test_gut_share_tells_both_answers() -> None:
    assert "Clinic data alone: 16%; with the stool sample: 15%." in captions.gut_share(RANKED)
    assert "Clinic data alone: 22%" in captions.gut_share(replace(RANKED, clinic_only_response=iv(0.22, 0.1, 0.4)))
    assert "No stool profile was given" in captions.gut_share(plans.NO_PROFILE)
