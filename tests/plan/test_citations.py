"""Every sentence of a plan and its report that states a finding carries a record id that resolves."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from hepaxis import evidence
from hepaxis.evidence import links
from hepaxis.plan import citations
from hepaxis.plan.make import limits_of_the_method
from hepaxis.report.page import render


def test_every_source_of_a_plan_has_records_that_resolve(usual_plan):
    for source in usual_plan.sources:
        assert source.record, source.id
        for id in source.record.split(citations.SEPARATOR):
            assert citations.resolves(id), (source.id, id)


def test_every_finding_of_a_plan_carries_a_record_that_resolves(usual_plan):
    by_source = {source.id: source.record for source in usual_plan.sources}
    for one in usual_plan.strategies:  # evidence, conflict and mechanism
        assert one.evidence.records, one.id
        assert all(id in evidence.by_id() for id in one.evidence.records)
        for flag in one.safety:
            assert evidence.by_id()[flag.rule].kind == "safety"
    for row in usual_plan.capacities:
        if re.search(r"\d", row.note):
            assert row.sources, row.label
        assert all(by_source[locator] for locator in row.sources)
    for row in usual_plan.attribution:
        assert all(by_source[locator] for locator in row.sources)
    claimed = [edge for edge in usual_plan.edges if edge.gate]
    assert claimed
    for edge in claimed:
        assert edge.records, edge.gate
        assert all(id in evidence.by_id() for id in edge.records)


def test_limits_that_state_a_finding_name_its_record():
    found = 0
    for sentence in limits_of_the_method():
        ids = re.findall(r"\[(\w+)\]", sentence)
        if re.search(r"\d|has reported", sentence):
            assert ids, sentence
        assert all(citations.resolves(id) for id in ids)
        found += len(ids)
    assert found


def test_the_report_shows_the_records(usual_plan):
    page = unescape(render(usual_plan))
    details = re.findall(r"<dt>Evidence</dt><dd>.*?</dl>", page, re.DOTALL)
    assert len(details) >= len(usual_plan.strategies)
    for part in details:
        assert re.search(r'class="ref" href="#src-\d+"', part)
        assert re.search(r"<dt>Records</dt><dd>\w+", part)
    for number, source in enumerate(usual_plan.sources, 1):
        entry = re.search(rf'<li id="src-{number}">.*?</li>', page, re.DOTALL)
        assert entry
        assert f"record {source.record}" in entry[0]


def test_a_grade_is_the_weaker_of_its_table_and_its_records(monkeypatch: pytest.MonkeyPatch):
    assert citations.graded("fmt_responder_donor", "B") == "B"
    assert citations.graded("fmt_colonoscopy", "C") == "C"  # its records would allow B
    studies = {id: replace(one, status="retracted") if id == "fmt_tacito" else one
               for id, one in evidence.by_id().items()}  # fmt: skip
    held = tuple(links._support(one.strategy, "microbiota_arms", studies)
                 for one in links.supports() if one.strategy.startswith("fmt"))  # fmt: skip
    monkeypatch.setattr(citations, "supports", lambda: held)
    citations._allowed.cache_clear()
    assert citations.graded("fmt_responder_donor", "B") == "C"
    monkeypatch.undo()
    citations._allowed.cache_clear()


def test_what_names_no_record_does_not_resolve():
    assert citations.resolves("fmt_tacito")
    assert citations.resolves("traits/dorea_formicigenerans")
    assert not citations.resolves("nobody_2020")
    assert not citations.resolves("traits/nobody")
    assert not citations.resolves("nothing/nobody")


def test_the_plan_is_told_which_evidence_it_read(usual_plan):
    from hepaxis import knowledge

    assert usual_plan.versions["evidence"] == knowledge.evidence_hash()[:16]


def test_impact_names_what_of_a_plan_rests_on_a_record(usual_plan, tmp_path):
    from hepaxis.cli.evidence_answers import _in_plan
    from hepaxis.report import dump_plan

    path = tmp_path / "plan.json"
    path.write_text(dump_plan(usual_plan), encoding="utf-8")
    found = _in_plan("fmt_tacito", path)
    assert found["strategies"] == [one.id for one in usual_plan.strategies if "fmt_capsules_healthy" in one.components]
    assert found["sources"] == ["nct:NCT04758507"]
    gate = next(edge.gate for edge in usual_plan.edges if edge.records)
    record = next(edge.records[0] for edge in usual_plan.edges if edge.gate == gate)
    assert gate in _in_plan(record, path)["gates"]
