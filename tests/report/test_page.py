"""The page: well-formed, offline, escaped, and true to the plan in every state it can be in."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from functools import cache

import plans
import pytest
from parsed import Page
from plans import RANKED

from hepaxis.plan.schema import Plan, SafetyFlag
from hepaxis.report import formats, render
from hepaxis.report.sheet import STATEMENT

AIM, LIMIT = 250_000, 1_500_000  # bytes
FORBIDDEN = re.compile(r"\b(should receive|recommended|optimal|precision medicine|AI)\b")


@cache
def html_of(name: str) -> str:
    return render(plans.EVERY[name])


@cache
def page_of(name: str) -> Page:
    return Page(html_of(name))


def page(plan: Plan) -> Page:
    return Page(render(plan))


every = pytest.mark.parametrize("name", plans.EVERY)


@every
def test_tags_close_in_order_and_ids_are_unique(name: str) -> None:
    found = page_of(name)
    assert found.problems == []
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))


@every
def test_references_inside_the_page_resolve(name: str) -> None:
    found = page_of(name)
    ids = {a["id"] for _, a in found.tags if "id" in a}
    for _, attributes in found.tags:
        href = attributes.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids
        for label in (attributes.get("aria-labelledby") or "").split():
            assert label in ids


@every
def test_headings_descend_one_level_at_a_time_and_say_something(name: str) -> None:
    levels = [level for level, _ in page_of(name).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert all(text.strip() for _, text in page_of(name).headings)


@every
def test_pictures_are_labelled_or_hidden_and_tables_named(name: str) -> None:
    for tag, attributes in page_of(name).tags:
        if tag == "svg" and attributes.get("preserveaspectratio") is None:
            assert attributes.get("aria-hidden") == "true" or (
                attributes.get("role") == "img" and attributes.get("aria-label")
            )
        if attributes.get("role") in {"table", "region"}:
            assert attributes.get("aria-label")


@every
def test_no_script_no_inline_style_no_request(name: str) -> None:
    for tag, attributes in page_of(name).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "form", "audio", "video"}
        assert "style" not in attributes
        assert not [a for a in attributes if a.startswith("on")]
        assert not {"src", "srcset", "data", "xlink:href", "background"} & set(attributes)
        if "href" in attributes:
            assert tag == "a"
            assert re.match(r"#|https?://", attributes["href"] or "")
    style = re.search(r"<style>(.*?)</style>", html_of(name), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@every
def test_the_policy_allows_this_style_by_hash_and_nothing_else(name: str) -> None:
    html = html_of(name)
    policies = [a["content"] for t, a in page_of(name).tags if t == "meta" and a.get("http-equiv")]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    ]


@every
def test_the_statement_of_use_stands_on_top_in_the_footer_and_on_paper(name: str) -> None:
    html = html_of(name)
    top, foot = html.split("<main", 1)[0].split("<body>")[1], html.split("<footer", 1)[1]
    assert STATEMENT in top
    assert STATEMENT in foot
    assert re.search(r"@bottom-left\s*{\s*content:[^}]*research use only, not for treatment decisions", html)


@every
def test_nothing_reads_like_a_machine(name: str) -> None:
    text = page_of(name).text.replace("“None”", "")
    assert not re.search(r"\b(nan|None|inf|Interval\(|True|False)\b", text)
    assert not re.search(r"\{\{|\{%", text)


def test_the_page_speaks_as_the_design_asks() -> None:
    assert not FORBIDDEN.search(page_of("base_default").text)


@pytest.mark.parametrize("name", ["base_default", "cannot_tell", "little_data", "no_profile", "ranked", "forty"])
def test_the_file_stays_small(name: str) -> None:
    assert len(html_of(name).encode()) < AIM


@every
def test_no_state_makes_a_huge_file(name: str) -> None:
    assert len(html_of(name).encode()) < LIMIT


def test_every_number_of_the_strategies_table_is_the_plans() -> None:
    found = page_of("base_default")
    for s in RANKED.strategies:
        row = found.row(s.id)
        if s.status == "blocked":
            continue
        assert s.outcomes is not None
        assert formats.percent_with_range(s.outcomes.severe_immune_event) in row
        assert formats.percent(s.p_best or 0.0) in row
        if s.status == "base":
            assert formats.percent_with_range(s.outcomes.objective_response) in row
        else:
            assert s.change_response is not None
            numbers = re.search(r"([+−]?[\d.]+) \(([+−]?[\d.]+), ([+−]?[\d.]+)\)", row)
            assert numbers is not None
            told = [float(n.replace("−", "-")) / 100 for n in numbers.groups()]
            assert told == pytest.approx(
                [s.change_response.median, s.change_response.lo90, s.change_response.hi90], abs=5e-4
            )


def test_the_table_of_outcomes_holds_all_of_them() -> None:
    text = page_of("base_default").text
    for s in RANKED.strategies:
        if s.outcomes:
            for told in (s.outcomes.objective_response, s.outcomes.durable_response, s.outcomes.disease_control_6m):
                assert formats.percent_with_range(told) in text
            assert formats.with_limits(s.outcomes.pfs_months, formats.months) in text


def test_rows_follow_the_rank_and_the_base_regimen_comes_first() -> None:
    shuffled = replace(RANKED, strategies=RANKED.strategies[::-1])
    assert list(page(shuffled).rows)[:9] == [s.id for s in RANKED.strategies][:9]


def test_a_blocked_strategy_is_shown_with_rule_reason_and_source_and_is_not_ranked() -> None:
    row = page_of("base_default").row("oca")
    assert "Compensated cirrhosis with portal hypertension" in row
    assert "rule S23" in row
    assert "[10, unverified]" in row
    assert "blocked" in row
    assert row.startswith("–")


def test_a_trial_only_strategy_names_its_trials() -> None:
    assert "in a trial only: NCT05690048" in page_of("base_default").row("fmt")
    assert "in a trial only; no open trial on file" in page_of("base_default").row("cbm")
    assert "In a trial only, not ranked" in page_of("unranked_trial").text
    assert page_of("unranked_trial").row("fmt").startswith("–")


def test_a_status_the_report_does_not_know_is_still_shown() -> None:
    odd = replace(RANKED, strategies=(*RANKED.strategies[:3], replace(RANKED.strategies[3], status="odd")))
    assert "status: odd" in page(odd).row("akk")


def test_forty_strategies_have_forty_rows() -> None:
    assert len(page_of("forty").rows) == 41


def test_recalled_sources_are_unverified_where_used_and_in_the_list() -> None:
    found = page_of("base_default")
    assert "[8, unverified]" in found.row("akk")
    assert found.text.count("unverified (recalled)") == 2
    checked = replace(RANKED, sources=tuple(replace(s, checked="read") for s in RANKED.sources))
    assert ", unverified]" not in page(checked).text
    assert "unverified (recalled)" not in page(checked).text


def test_a_source_that_is_not_listed_is_said() -> None:
    assert "[unlisted: not in the list]" in page_of("base_default").row("nissle")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("base_default", "Base regimen stays the default"),
        ("ranked", "An option stands apart"),
        ("cannot_tell", "Cannot rank the add-ons"),
    ],
)
def test_the_verdict_names_its_state(name: str, words: str) -> None:
    states = [a for _, a in page_of(name).tags if {"tag", "state"} <= set((a.get("class") or "").split())]
    assert len(states) == 1
    assert words in page_of(name).text
    assert ("abst" in (states[0]["class"] or "")) == (name == "cannot_tell")


def test_abstention_gives_its_reasons_and_keeps_the_figures() -> None:
    text = page_of("cannot_tell").text
    assert "Posterior and prior differ by 0.02 bits" in text
    assert "+2.6 (−2.3, +8.4)" in text


def test_without_a_profile_the_page_says_so_and_the_answer_stands_on_the_clinic() -> None:
    text = page_of("no_profile").text
    assert "No stool profile" in text
    assert "This patient, gut unknown" in text
    assert "Guilds against reference" not in text
    assert "No stool profile" not in page_of("base_default").text


def test_without_a_base_regimen_the_page_says_so() -> None:
    assert "No base regimen" in page_of("no_base").text
    assert "not computed" in page_of("no_base").row("fmt")
    assert "No base regimen" not in page_of("base_default").text


def test_what_is_not_known_is_listed_in_the_header_and_in_full() -> None:
    text = page_of("base_default").text
    assert "Not known, at its prior PD-L1, CTNNB1, HLA, Bile acids" in text
    assert "not typed (unknown, at its prior); cross-reactivity gate off" in text


def test_every_plot_has_its_data_below() -> None:
    text = page_of("base_default").text
    for title in ("values and links on the axis", "tumour size, change from baseline", "benefit against harm"):
        assert f"Data: {title}" in text


@pytest.mark.parametrize("name", ["hostile", "non_ascii"])
def test_what_an_input_says_is_shown_and_never_run(name: str) -> None:
    assert "<script" not in html_of(name)
    assert "<img" not in html_of(name)
    for shown in ("肝细胞癌", "مريض") if name == "non_ascii" else ("<script>alert('x')</script>",):
        assert shown in page_of(name).text


def test_every_text_of_a_plan_reaches_the_page() -> None:
    plain = " ".join(page_of("base_default").text.replace("\u00a0", " ").split())
    told = [f.value for f in RANKED.facts] + [c.label for c in RANKED.checks] + [m.label for m in RANKED.missing]
    told += [s.label for s in RANKED.sources] + list(RANKED.limits) + list(RANKED.warnings) + list(plans.PROFILE.log)
    told += [a.label for a in RANKED.attribution] + [c.label for c in RANKED.counterfactuals]
    told += [f.text for s in RANKED.strategies for f in s.safety] + [s.mechanism for s in RANKED.strategies]
    squeezed = plain.replace(" ", "")
    assert [t for t in told if t.replace(" ", "") not in squeezed] == []


def test_the_same_plan_gives_the_same_page() -> None:
    assert render(RANKED) == html_of("base_default")


def test_a_row_is_short_and_its_details_hold_the_rest() -> None:
    html = html_of("base_default")
    for s in RANKED.strategies:
        body = html.split(f'data-strategy="{s.id}"', 1)[1].split("</tbody>", 1)[0]
        first, rest = body.split("<details>", 1)
        shown = first.split("<tr class=", 1)[0]
        assert shown.count('class="tag') <= 3
        for flag in s.safety:
            assert f"Rule {flag.rule}" in rest
        for line in s.schedule:
            assert line in Page(f"<p>{rest.split('</summary>', 1)[1].split('</details>', 1)[0]}</p>").text


def test_open_questions_are_counted_and_told_in_full_below() -> None:
    asks = tuple(SafetyFlag(f"Q{i}", "warn", f"check: thing {i}? If so: avoid", "", question=True) for i in range(4))
    said = (SafetyFlag("S01", "warn", "capsules only: avoid endoscopy (bleeding)", ""),)
    fmt = next(s for s in RANKED.strategies if s.id == "fmt")
    row = page(replace(RANKED, strategies=(RANKED.strategies[0], replace(fmt, safety=(*said, *asks))))).row("fmt")
    table = row.split("Evidence", 1)[0]
    assert "4 questions open, 1 more note" in table
    assert "thing 0" not in table
    assert all(f"thing {i}?" in row for i in range(4))


def test_labels_drop_the_base_regimen_and_locators_their_prefix() -> None:
    base = RANKED.strategies[0]
    added = replace(
        RANKED.strategies[2],
        label=f"{base.label} + FMT capsules",
        components=(*base.components, "fmt"),
        trials=("nct:NCT05690048", "nct:NCT06643533"),
    )
    sources = tuple(replace(s, locator=f"doi:10.1000/{i}") for i, s in enumerate(RANKED.sources))
    found = page(replace(RANKED, strategies=(base, added), sources=sources))
    assert found.row("fmt").startswith(f"{added.rank}+ FMT capsules")
    assert base.label not in found.row("fmt")
    assert "in a trial only: NCT05690048 +1" in found.row("fmt")
    assert "10.1000/0" in found.text
    assert not re.search(r"\b(nct|doi|text):", found.text)


def test_a_source_is_found_with_or_without_its_prefix() -> None:
    known = replace(RANKED.sources[0], id="doi:10.1000/x")
    row = replace(RANKED.capacities[0], sources=(" 10.1000/x",))
    text = page(replace(RANKED, sources=(known,), capacities=(row,), attribution=(), strategies=())).text
    assert "not in the list" not in text


def test_the_patients_own_gut_stands_once_among_the_guts() -> None:
    again = replace(RANKED.counterfactuals[0], id="this_gut", label="This gut", detail="once more")
    text = page(replace(RANKED, counterfactuals=(again, *RANKED.counterfactuals))).text
    assert "once more" not in text
