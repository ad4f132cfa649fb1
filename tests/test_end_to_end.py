"""From a folder to a report, end to end: the shipped examples, and real profiles that lie beside the project.

Plans are made small (10 hosts, 4 draws, half a year); what is tested is that the whole line holds on real input.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hepaxis.cli import main
from hepaxis.profile.guilds import GUILDS

Shared = Callable[[str], Path]
Made = dict[str, Any]
FMT = "fmt_capsules_healthy"
EXAMPLES = ("viral_antibiotic", "masld_dysbiotic", "little_data")
PLANNED = {"therapy": {"planned": [{"regimen": "atezolizumab_bevacizumab", "start_day": 0}]}}


@dataclass(frozen=True)
class Real:
    """A real profile: files under ../shared/data, the sample, and what is known of the person."""

    files: tuple[str, ...]
    sample: Callable[[Path], str]
    profiler: str
    sheet: dict[str, Any] = field(default_factory=dict)


def named(name: str) -> Callable[[Path], str]:
    return lambda _: name


def first_of_header(path: Path) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return stream.readline().rstrip("\n").split("\t")[1]


def first_of_column(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as stream:
        return next(row for k, row in enumerate(csv.reader(stream)) if k == 1)[0]


def first_hcc_stool(path: Path) -> str:
    """First faecal sample of a patient with HCC that is in the table."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        present = set(stream.readline().rstrip("\n").split("\t"))
    with (path.parent / "samples_16S_DNA.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["Condition"] == "HCC" and row["sample"] in present]
    return next(row["sample"] for row in rows if row["Sample_type"].lower().startswith(("fae", "fec", "stool")))


LUNG = {"demographics": {"sex": "male", "age": "65 years"}}
CIRRHOSIS = {"aetiology": {"causes": ["hbv"], "cirrhosis": True}}
REAL = {
    "met4_valid": Real(("toposcore_nsclc/met4_valid_complete.csv",), first_of_column, "metaphlan4", LUNG),
    "mpa4": Real(("toposcore_nsclc/mpa4_vJan21_test_data.tsv",), named("Sample_1"), "metaphlan4"),
    "sylph": Real(("toposcore_nsclc/sylph_GTDBr220_test_data.tsv",), named("Sample_1"), "sylph"),
    "hcc_16s": Real(
        ("hcc_16s_waschina2022/asv_tab.tsv.gz", "hcc_16s_waschina2022/asv_tax.tsv"), first_hcc_stool, "16s", CIRRHOSIS
    ),
    "ici_ogu": Real(
        ("ici_ogu_11cohorts/Frankel_2017_table.tsv.gz", "ici_ogu_11cohorts/taxonomy.tsv"), first_of_header, "ogu"
    ),
    "cdiff_biom": Real(("cdiff_fmt_timecourse/example_12x60.biom",), named(""), "16s"),
    "cirrhosis": Real(("cirrhosis_qin2014/abundance.tsv",), named(""), "metaphlan2", CIRRHOSIS),
}


def command(*words: object) -> int:
    """Exit code of ``hepaxis`` with these words, in this process."""
    before, sys.argv = sys.argv, ["hepaxis", *(str(word) for word in words)]
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    finally:
        sys.argv = before
    return 0


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Few draws and a short time for every plan of this file."""
    from hepaxis.plan import make

    real = make.make_plan
    with pytest.MonkeyPatch.context() as patch:
        quick = {"draws": 4, "horizon_days": 182.0}
        patch.setattr(make, "make_plan", lambda f, o, **kw: real(f, replace(o, **quick), **kw))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Made]:
    """``run(folder)`` -> plan.json as a document, after `hepaxis plan` wrote a whole folder; once a folder."""
    known: dict[Path, Made] = {}

    def make(folder: Path) -> Made:
        if folder not in known:
            out = tmp_path_factory.mktemp("run") / "out"
            words = ("plan", folder, "--out", out, "--patients", 10, "--strategies", f"{FMT},udca", "--seed", 5)
            assert command(*words) == 0
            assert sorted(p.name for p in out.iterdir()) == ["plan.json", "report.html", "run.json"]
            known[folder] = json.loads((out / "plan.json").read_text(encoding="utf-8"))
            known[folder]["html"] = (out / "report.html").read_text(encoding="utf-8")
        return known[folder]

    return make


@pytest.fixture(scope="module")
def real_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Shared], Path]:
    """A patient's folder around a real profile, which stays where it is; once a case."""
    made: dict[str, Path] = {}

    def make(case: str, shared: Shared) -> Path:
        if case not in made:
            one = REAL[case]
            sources = [shared(f"data/{name}") for name in one.files]
            folder = tmp_path_factory.mktemp(case)
            for source in sources:
                (folder / source.name).symlink_to(source)
            sample = one.sample(sources[0]) or _first_sample(sources[0])
            stool = {"sample": sample}
            sheet = {"id": case, **PLANNED, **one.sheet, "stool": stool}
            (folder / "patient.yaml").write_text(yaml.safe_dump(sheet), encoding="utf-8")
            made[case] = folder
        return made[case]

    return make


def _first_sample(path: Path) -> str:
    from hepaxis.profile import read

    return read(path).samples[0]


def holds(plan: Made) -> None:
    """What every plan must satisfy, whatever the patient."""
    html = plan.pop("html")
    schema = json.loads(_schema())
    jsonschema.Draft202012Validator(schema).validate(plan)
    plan["html"] = html
    for document in (html, plan["statement"]):
        assert "Research use only" in document
    assert plan["verdict"]["state"] in ("ranked", "base_default", "cannot_tell")
    assert 0 < plan["base_response"]["median"] < 1
    assert sum(row["share"] for row in plan["profile"]["guilds"]) == pytest.approx(1.0)
    assert [row["guild"] for row in plan["profile"]["guilds"]] == list(GUILDS)
    fmt = next(one for one in plan["strategies"] if FMT in one["components"])
    assert fmt["status"] in ("trial_only", "blocked")
    if fmt["change_response"] is not None:
        assert fmt["change_response"]["lo90"] <= 0 <= fmt["change_response"]["hi90"], "FMT's gain includes zero"
    closed = next(row for row in plan["checks"] if row["label"].startswith("Virtual patients"))
    assert closed["result"] in ("yes", "hardly"), closed


def _schema() -> str:
    from importlib.resources import files

    return files("hepaxis.report").joinpath("plan.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_shipped_example_becomes_a_report(run, root: Path, example: str):
    folder = root / "examples" / example
    assert command("check", folder) == 0
    plan = run(folder)
    holds(plan)
    assert plan["patient_id"] == example


def test_the_examples_tell_different_stories(run, root: Path):
    viral, masld, little = (run(root / "examples" / example) for example in EXAMPLES)
    assert any(row["id"] == "exposures" for row in viral["attribution"])
    assert any("antibiotic" in check["label"] for check in viral["checks"])
    assert {row["id"] for row in masld["capacities"] if row["status"] == "measured"}
    assert not {row["id"] for row in little["capacities"] if row["status"] == "measured"}
    unknown = [sum(not fact["known"] for fact in plan["facts"]) for plan in (viral, masld, little)]
    assert unknown[2] > max(unknown[:2])
    assert len(little["missing"]) > len(viral["missing"])


@pytest.mark.shared
@pytest.mark.parametrize("case", sorted(REAL))
def test_a_real_profile_goes_through_profile(real_folder, shared: Shared, case: str, capsys):
    folder = real_folder(case, shared)
    sheet = yaml.safe_load((folder / "patient.yaml").read_text(encoding="utf-8"))
    words = ["profile", folder / Path(REAL[case].files[0]).name, "--sample", sheet["stool"]["sample"], "--json"]
    if len(REAL[case].files) > 1:
        words += ["--taxonomy", folder / Path(REAL[case].files[1]).name]
    assert command(*words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["profiler"] == REAL[case].profiler
    (sample,) = document["samples"]
    assert sum(sample["guilds"].values()) == pytest.approx(1.0)
    assert sample["assigned"] > 0.5


@pytest.mark.shared
@pytest.mark.parametrize("case", sorted(REAL))
def test_a_real_profile_becomes_a_report(run, real_folder, shared: Shared, case: str):
    plan = run(real_folder(case, shared))
    holds(plan)
    assert plan["profile"]["profiler"] == REAL[case].profiler
    assert plan["profile"]["trait_coverage"] > 0.2
    assert len(plan["capacities"]) >= 10


@pytest.mark.shared
def test_two_real_profiles_give_visibly_different_reports(run, real_folder, shared: Shared):
    """Two MetaPhlAn 4 samples of one study: guilds differ by points, and so does what they say of the gut."""
    one, other = (run(real_folder(case, shared)) for case in ("mpa4", "met4_valid"))
    shares = [{row["guild"]: row["share"] for row in plan["profile"]["guilds"]} for plan in (one, other)]
    moved = {guild: abs(shares[0][guild] - shares[1][guild]) for guild in GUILDS}
    assert sorted(moved.values())[-2] > 0.03, "two guilds at the least differ by three points of abundance"
    rows = [{r["id"]: r["effect"]["median"] for r in plan["attribution"] if r["category"] == "gut"}
            for plan in (one, other)]  # fmt: skip
    assert max(abs(rows[0][id] - rows[1][id]) for id in rows[0]) > 0.02, "log-odds of response a gut row"
    assert one["gut_effect"] != other["gut_effect"]
    assert one["verdict"]["gut_sentence"] != other["verdict"]["gut_sentence"]
    assert one["html"] != other["html"]
    for plan in (one, other):
        top = max(plan["profile"]["guilds"], key=lambda row: row["share"])
        assert top["label"] in plan["html"], "the report names the guild that leads"


def test_a_folder_is_read_not_changed(run, root: Path, tmp_path: Path):
    copy = tmp_path / "little_data"
    shutil.copytree(root / "examples" / "little_data", copy)
    before = {p.name: p.read_bytes() for p in copy.iterdir()}
    assert command("check", copy) == 0
    assert {p.name: p.read_bytes() for p in copy.iterdir()} == before


@pytest.mark.shared
@pytest.mark.parametrize("case", [case for case, one in sorted(REAL.items()) if len(one.files) > 1])
def test_a_taxonomy_is_told_from_the_profile_and_recorded(real_folder, shared: Shared, case: str):
    """Of two tables in a folder the taxonomy is found by its look, and its hash stands among the inputs."""
    from hepaxis.patient import load

    found = load(real_folder(case, shared))
    table, taxonomy = (Path(name).name for name in REAL[case].files)
    assert found.profile_path.name == table
    assert found.taxonomy_path.name == taxonomy
    assert {table, taxonomy} <= set(found.files)
