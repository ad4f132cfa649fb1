"""A virtual trial's page: whole, offline, true to trial.json, and no estimate drawn without its interval."""

from __future__ import annotations

import copy
import itertools
import json
import re
from functools import cache

import pytest
import trials
from parsed import Page

from hepaxis.problems import InputError
from hepaxis.report import svg
from hepaxis.report.figures.trial import contrasts, estimates, survival
from hepaxis.report.figures.trial.panel import groups
from hepaxis.report.sheet import STATEMENT
from hepaxis.report.trial_answer import answer
from hepaxis.report.trial_page import render_trial
from hepaxis.report.trial_reading import read_trial
from hepaxis.report.trial_records import Estimate, Range

LIMIT = 600_000  # bytes
MARKS = ("ivt", "ivd", "iv50", "area90")  # classes that draw an interval or a band
SECTIONS = ["contrasts", "survival", "patients", "features", "resistance", "harm", "population", "limits"]
every = pytest.mark.parametrize("name", trials.MADE)


@cache
def html_of(name: str) -> str:
    return render_trial(trials.EVERY[name])


@cache
def page_of(name: str) -> Page:
    return Page(html_of(name))


def text_of(changed: trials.Document) -> str:
    return Page(render_trial(trials.trial(changed))).text


def figures(name: str) -> list[str]:
    return re.findall(r"<figure.*?</figure>", html_of(name), re.DOTALL)


def title(figure: str) -> str:
    found = re.search(r"<h3>(.*?)</h3>", figure, re.DOTALL)
    assert found is not None
    return found[1]


@every
def test_the_page_is_whole_labelled_and_asks_for_nothing(name: str) -> None:
    found = page_of(name)
    assert found.problems == []
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in found.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form"}
        assert "style" not in attributes
        assert not [a for a in attributes if a.startswith("on")]
        if "href" in attributes:
            assert tag == "a"
            assert re.match(r"#|https?://", attributes["href"] or "")
            assert not (attributes["href"] or "").startswith("#") or (attributes["href"] or "")[1:] in ids
        if tag == "svg" and attributes.get("preserveaspectratio") is None:
            labelled = attributes.get("role") == "img" and attributes.get("aria-label")
            assert attributes.get("aria-hidden") == "true" or labelled
        if attributes.get("role") in {"table", "region"}:
            assert attributes.get("aria-label")
    levels = [level for level, _ in found.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert all(text.strip() for _, text in found.headings)
    assert not re.search(r"\b(nan|None|inf|True|False)\b|\{\{|\{%", found.text)
    assert len(html_of(name).encode()) < LIMIT


@every
def test_the_statement_and_the_stamp_stand_on_the_page(name: str) -> None:
    top, foot = html_of(name).split("<main", 1)[0].split("<body>")[1], html_of(name).split("<footer", 1)[1]
    assert STATEMENT in top
    assert STATEMENT in foot
    for key, value in trials.EVERY[name].stamp.items():
        assert f"{key} {value}" in foot
    assert f"seed {trials.EVERY[name].design.seed}" in page_of(name).text


def test_the_example_has_the_sections_and_figures_of_the_issue() -> None:
    ids = [a["id"] for t, a in page_of("example").tags if t == "section" and "id" in a]
    assert ids == SECTIONS
    control, fmt = "atezolizumab + bevacizumab", "FMT + atezolizumab + bevacizumab"
    assert [title(f) for f in figures("example")] == [
        "Between patients",
        "What happens on each arm",
        "Progression-free survival",
        "Overall survival",
        "Duration of response",
        "Medians of all times",
        *(f"{kind}, {arm}" for kind in ("Waterfall", "Spider plot", "Swimmer plot") for arm in (control, fmt)),
        control,
        "Odds ratio a standard deviation",
        control,
        fmt,
        "Severe events",
        "CD8 cells in the biopsy",
    ]


@every
def test_every_figure_is_described_says_one_sentence_and_has_its_data(name: str) -> None:
    for figure in figures(name):
        described = re.search(r'role="(img|table)" aria-label="[^"]{12,}"', figure)
        said = re.search(r"<figcaption><b>[^<].{8,}?</b>", figure, re.DOTALL)
        assert said, title(figure)
        if "Nobody on these arms" in figure:
            continue
        assert described or "No patient" in figure, title(figure)
        assert '<details class="data">' in figure, title(figure)
        assert "<tbody>" in figure
        assert '<p class="sub">' in figure


@pytest.mark.parametrize("name", [n for n in trials.MADE if n != "holes"])
def test_no_figure_is_without_an_interval(name: str) -> None:
    for figure in figures(name):
        drawn = re.sub(r'<p class="key">.*?</p>', "", figure, flags=re.DOTALL)
        assert any(re.search(rf'class="{m}\b|class="[^"]*\b{m}"', drawn) for m in MARKS) or "Nobody on" in figure, (
            title(figure)
        )


def test_without_intervals_no_estimate_is_drawn_and_it_is_said() -> None:
    for figure in figures("holes"):
        assert "<circle" not in figure
        assert not re.search(r'class="iv[td] s-(?!ink)', figure)
    assert "no interval" in page_of("holes").text
    bare = estimates.marks(svg.Scale(0.0, 1.0), Estimate(0.3), "gut")
    assert bare == ""


def test_marks_are_drawn_where_the_numbers_are() -> None:
    scale = svg.Scale(0.0, 1.0)
    drawn = str(estimates.marks(scale, Estimate(0.3, Range(0.1, 0.5, 0.95, 60), Range(0.2, 0.45, 0.9, 40)), "gut"))
    assert re.search(r'x1="10.00%" y1="34%" x2="50.00%" y2="34%" class="ivt s-gut"', drawn)
    assert re.search(r'x1="20.00%" y1="70%" x2="45.00%" y2="70%" class="ivd s-gut"', drawn)
    assert re.search(r'circle cx="30.00%"', drawn)


def test_a_spread_that_was_not_told_from_none_is_not_drawn_as_certainty() -> None:
    found = Estimate(0.3, Range(0.1, 0.5, 0.95, 60), Range(0.3, 0.3, 0.9, 40, sd_most=0.08))
    assert "ivd" not in str(estimates.marks(svg.Scale(0.0, 1.0), found, "gut"))
    assert estimates.value(estimates.PERCENT, found).small == "mechanisms sd ≤ 8.0"


def test_a_limit_that_is_not_reached_is_said() -> None:
    d = trials.full()
    d["arms"][0]["times"]["os"]["median"] = trials.estimate(400.0, 300.0, 500.0)
    d["arms"][0]["times"]["os"]["median"]["trial"]["high"] = None
    assert "13.1 (9.9 to not reached) months" in text_of(d)


@pytest.mark.parametrize("name", ["full", "paired"])
def test_every_contrast_and_rate_stands_on_the_page(name: str) -> None:
    trial = trials.EVERY[name]
    text = page_of(name).text
    for c in trial.contrasts:
        measure = contrasts.measure_of(c)
        assert c.estimate.trial is not None
        assert f"{measure.write(c.estimate.value)} ({measure.limits(c.estimate.trial)})" in text
        if c.estimate.draws:
            assert f"mechanisms {measure.limits(c.estimate.draws)}" in text
    for arm in trial.arms:
        for rate in arm.rates.values():
            assert estimates.told(estimates.PERCENT, rate) in text


def charts_of(figure: str) -> list[str]:
    return re.findall(r'role="table" aria-label="([^"]*)"', figure)


def test_contrasts_between_and_within_patients_never_share_a_figure() -> None:
    between = next(f for f in figures("both") if title(f) == "Between patients")
    within = next(f for f in figures("both") if title(f) == "Within the same virtual patient")
    assert all(label.startswith("Between patients") for label in charts_of(between))
    assert all(label.startswith("Within the same") for label in charts_of(within))
    assert "no trial can do" in within
    assert "no trial can do" not in between
    assert next(title(f) for f in figures("paired")) == "Within the same virtual patient"
    assert "Between patients" not in [title(f) for f in figures("paired")]


def test_ratios_and_differences_have_axes_of_their_own() -> None:
    figure = next(f for f in figures("full") if title(f) == "Between patients")
    assert len(charts_of(figure)) == 4  # points, hazard ratios, days, ratio


def test_a_paired_trial_is_not_told_as_a_trials_result() -> None:
    found = answer(trials.EVERY["paired"])
    assert found.state == "Within patients: no trial can show this"
    assert not any("trial" in reason and "would report" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("limits", "state"),
    [((-0.13, 0.19), "missed than seen"), ((0.01, 0.05), "seen than missed"), ((-0.05, -0.01), "seen than missed")],
)
def test_the_first_words_follow_the_interval_at_the_trials_size(limits: tuple[float, float], state: str) -> None:
    d = trials.full()
    d["contrasts"][0]["trial"] |= {"low": limits[0], "high": limits[1]}
    found = answer(trials.trial(d))
    assert state in found.state
    assert "+3.0 points" in found.sentence
    assert f"{limits[0] * 100:+.1f} to {limits[1] * 100:+.1f} points".replace("-", "−") in found.reasons[0]
    assert ("which holds no difference" in found.reasons[0]) == ("missed than" in state)
    assert "−2.0 to +8.0 points (90%, 40 draws), so its direction is open" in found.reasons[1]


def test_among_many_arms_none_is_singled_out() -> None:
    d = trials.many()
    for i, c in enumerate(c for c in d["contrasts"] if c["outcome"] == "response"):
        c["estimate"] = 0.01 * i
    found = answer(trials.trial(d))
    assert "on 7 arms against" in found.sentence
    assert "0.0 to +6.0 points" in found.sentence
    assert "day" not in found.sentence


def test_one_arm_is_told_without_a_comparison() -> None:
    text = page_of("one_arm").text
    assert "One arm: nothing to compare it with" in text
    assert "Objective response (RECIST 1.1) on atezolizumab + bevacizumab: 25%." in text
    assert "A trial of n = 60 would report 14% to 36% (95%)." in text
    assert not {"Between patients", "Within the same virtual patient"} & {title(f) for f in figures("one_arm")}


def test_flora_asks_for_the_biopsy_first() -> None:
    found = answer(trials.EVERY["flora"])
    assert found.sentence.startswith("CD8 cells in a biopsy: 1.10 times as much")
    assert "CD8 density in the biopsy, median and middle half" in page_of("flora").text


def test_an_arm_without_responders_has_every_figure_and_no_false_numbers() -> None:
    titles = [title(f) for f in figures("no_responders")]
    assert "Waterfall, FMT + atezolizumab + bevacizumab" in titles
    duration = next(f for f in figures("no_responders") if title(f) == "Duration of response")
    assert "f-regimen area90" in duration
    assert "f-gut area90" not in duration
    assert "0% (0–6)" in page_of("no_responders").text


def test_nobody_with_an_outcome_is_said_as_the_runner_writes_it() -> None:
    d = trials.no_responders()
    for arm in d["arms"]:
        arm["times"]["duration_of_response"] |= {"n": 0, "events": 0, "landmarks": [], "curve": None, "risk": None}
        arm["times"]["duration_of_response"]["median"] = {"estimate": None, "trial": None, "draws": None}
    assert "Nobody on these arms has this outcome." in text_of(d)


def test_a_contrast_that_could_not_be_estimated_is_named() -> None:
    d = trials.full()
    d["contrasts"][2] |= {"estimate": None, "draws": None}
    text = text_of(d)
    assert "Not estimated, too few events or patients: overall survival (fmt)." in text


def test_curves_are_steps_from_one_and_stay_in_their_band() -> None:
    found = trials.EVERY["full"].arms[0].times["pfs"].curve
    days, value, low, high = survival._steps(trials.EVERY["full"].arms[0].times["pfs"], 730.5)
    assert (days[0], value[0]) == (0.0, 1.0)
    assert all(a <= b <= c for a, b, c in zip(low, value, high, strict=True))
    assert days[1] == days[2] == found.day[0]
    assert (value[1], value[2]) == (1.0, found.value[0])
    assert days[-1] == 730.5  # somebody is at risk after the last step
    assert value[-1] == value[-2] == found.value[-1]


def test_the_numbers_at_risk_stand_under_the_axis_and_in_the_table() -> None:
    figure = next(f for f in figures("full") if title(f) == "Progression-free survival")
    risk = trials.EVERY["full"].arms[1].times["pfs"].risk
    table = figure[figure.index("numbers at risk and events") :]
    for n in risk.at_risk:
        assert f">{n:.0f}</td>" in table
    for n in risk.at_risk[::2]:
        assert f">{n:.0f}</text>" in figure


def test_more_arms_than_can_be_told_apart_are_drawn_with_the_control_each_time() -> None:
    parts = groups(trials.EVERY["many"])
    assert [len(p) for p in parts] == [4, 4, 2]
    assert all(p[0].control for p in parts)
    assert "Not drawn, in trial.json: FMT on day 14" in page_of("many").text


def test_routes_carry_their_intervals_where_they_have_them() -> None:
    d = trials.full()
    route = d["arms"][0]["resistance"]["routes"][0]
    route |= {k: v for k, v in trials.estimate(0.45, 0.2, 0.7, 11, (0.3, 0.6)).items() if k in ("trial", "draws")}
    assert "45% (20–70)" in text_of(d)


def test_who_was_left_out_and_why_is_told() -> None:
    text = page_of("full").text
    for why, n in trials.EVERY["full"].lost.items():
        assert f"{why} {n}" in text
    for words in ("tumour older than the liver disease", "region = west", "method: none", "380 of 400"):
        assert words in text


def test_what_a_file_says_is_shown_and_never_run() -> None:
    assert "<script" not in html_of("hostile")
    assert "<script>alert('x')</script>" in page_of("hostile").text


def test_groups_of_a_feature_that_are_words_keep_their_names() -> None:
    d = trials.full()
    group = d["features"][0]["tertiles"][0]
    d["features"][0] |= {"odds_ratio": None}
    d["features"][0]["tertiles"] = [
        {**copy.deepcopy(group), "label": w, "low": None, "high": None} for w in ("hbv", "hcv")
    ]
    text = text_of(d)
    assert "hbv; n = 67" in text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(schema="hepaxis.trial/0"), "trial.schema"),
        (lambda d: d.pop("arms"), "trial.field"),
        (lambda d: d.update(arms=[]), "trial.field"),
        (lambda d: d["arms"][0].update(n="many"), "trial.field"),
        (lambda d: d["arms"][0]["shown"][0].update(scan_day=[1.0, 2.0, 3.0, 4.0]), "trial.field"),
    ],
)
def test_a_faulty_file_is_told_by_name(change: object, code: str) -> None:
    d = trials.document()
    assert callable(change)
    change(d)
    with pytest.raises(InputError) as caught:
        read_trial(json.dumps(d), file="here/trial.json")
    assert [p.code for p in caught.value.problems] == [code]
    assert caught.value.problems[0].file == "here/trial.json"


def test_a_file_that_is_no_json_is_told_with_its_row() -> None:
    with pytest.raises(InputError) as caught:
        read_trial('{"schema":\n oops}')
    assert caught.value.problems[0].row == 2


def test_the_same_trial_gives_the_same_page() -> None:
    assert render_trial(trials.trial(trials.full())) == html_of("full")


def test_a_median_that_no_arm_reaches_is_said_once() -> None:
    d = trials.full()
    for arm in d["arms"]:
        arm["times"]["os"]["median"] = {"estimate": None, "trial": None, "draws": None}
    assert "Median overall survival is not reached by the end of follow-up." in text_of(d)
