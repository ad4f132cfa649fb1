"""The command line: exit codes, whole lists of faults, never a traceback, outputs whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from hepaxis import STATEMENT

Run = Callable[..., tuple[int, str, str]]

SHEET = "id: T\ntherapy:\n  planned:\n    - {regimen: durvalumab, start_day: 0}\n"
PROFILE = "taxon\tS1\nFaecalibacterium prausnitzii\t30\nBacteroides uniformis\t60\nEscherichia coli\t10\n"


@pytest.fixture
def run(hepaxis: Run) -> Run:
    return hepaxis


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "patient"
    made.mkdir()
    (made / "patient.yaml").write_text(SHEET, encoding="utf-8")
    (made / "profile.tsv").write_text(PROFILE, encoding="utf-8")
    return made


@pytest.fixture
def nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = "hepaxis.plan.patient_twin.build_twin"
    monkeypatch.setattr(builder, lambda *a, **k: pytest.fail("work began on a bad input"))


def test_help_is_quick_because_it_imports_neither_pandas_nor_numpy() -> None:
    code = (
        "import sys; sys.argv = ['hepaxis', '--help']\n"
        "from hepaxis.cli import main\n"
        "try:\n    main()\nexcept SystemExit as left:\n    code = left.code\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'antimony', 'libsbml', 'llvmlite'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy), 'code:', code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "heavy: [] code: 0" in done.stdout
    assert all(verb in done.stdout for verb in ("plan", "check", "profile", "simulate", "template", "export", "model"))


def test_version_and_usage(run: Run) -> None:
    from hepaxis import __version__

    assert run("--version") == (0, f"hepaxis {__version__}\n", "")
    assert run("plan")[0] == 2
    assert run("conjure")[0] == 2
    code, _, err = run("plan", ".", "--out", "x", "--patients", "ten")
    assert code == 2
    assert "--patients" in err
    assert run("plan", ".", "--out", "x", "--patients", "3")[0] == 2


def test_the_template_passes_the_check(run: Run, tmp_path: Path) -> None:
    code, text, _ = run("template")
    assert code == 0
    sheet = tmp_path / "patient.yaml"
    sheet.write_text(text, encoding="utf-8")
    assert run("check", sheet)[0] == 0


def test_model_speaks(run: Run, tmp_path: Path) -> None:
    assert "disputed" in run("model", "gates")[1]
    assert json.loads(run("model", "describe", "--json")[1])
    assert run("model", "sbml")[1].lstrip().startswith("<?xml")
    printed = run("model", "antimony")[1]
    assert "model hepaxis()" in printed
    assert run("model", "antimony", "-o", tmp_path / "model.ant") == (0, "", STATEMENT + "\n")
    assert (tmp_path / "model.ant").read_text(encoding="utf-8") == printed
    assert run("model", "antimony", "-o", tmp_path / "nowhere" / "model.ant")[0] == 3


BROKEN = {
    "missing folder": (None, "not a folder"),
    "empty folder": ({}, "no patient.yaml"),
    "broken yaml": ({"patient.yaml": "id: [unclosed\n  - :", "profile.tsv": PROFILE}, "patient.yaml"),
    "unknown field": ({"patient.yaml": SHEET + "blod: {afp: 3}\n", "profile.tsv": PROFILE}, "blod"),
    "no unit": ({"patient.yaml": SHEET + "liver: {albumin: 40}\n", "profile.tsv": PROFILE}, "albumin"),
    "unknown regimen": ({"patient.yaml": SHEET.replace("durvalumab", "snakeoil"), "profile.tsv": PROFILE}, "snakeoil"),
    "nothing planned": ({"patient.yaml": "id: T\n", "profile.tsv": PROFILE}, "therapy.planned"),
    "garbage profile": ({"patient.yaml": SHEET, "profile.tsv": "\x00\x01\x02 not a table \x7f\n\n"}, "profile.tsv"),
    "empty profile": ({"patient.yaml": SHEET, "profile.tsv": ""}, "profile.tsv"),
    "unknown sample": ({"patient.yaml": SHEET + "stool: {sample: S9}\n", "profile.tsv": PROFILE}, "S9"),
    "two profiles": ({"patient.yaml": SHEET, "a.tsv": PROFILE, "b.tsv": PROFILE}, "a.tsv, b.tsv"),
}


@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.parametrize("case", sorted(BROKEN))
def test_a_bad_input_is_a_list_and_exit_code_1(run: Run, tmp_path: Path, case: str) -> None:
    files, said = BROKEN[case]
    place, out = tmp_path / "patient", tmp_path / "run"
    if files is not None:
        place.mkdir()
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
    code, stdout, err = run("plan", place, "--out", out)
    assert code == 1
    assert said in err
    assert "error: " in err
    assert stdout == ""
    assert not out.exists(), "nothing is written on failure"


@pytest.mark.usefixtures("nothing_is_computed")
def test_all_faults_are_listed_at_once(run: Run, folder: Path) -> None:
    (folder / "patient.yaml").write_text(SHEET + "liver: {albumin: 40}\ndemographics: {age: 900 years}\nhat: 3\n")
    code, _, err = run("plan", folder, "--out", folder / "run")
    assert code == 1
    assert all(word in err for word in ("albumin", "age", "hat"))


@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.parametrize("asked", ["unicorn", "udca+unicorn", "udca,,unicorn"])
def test_an_unknown_strategy_is_exit_code_1(run: Run, folder: Path, tmp_path: Path, asked: str) -> None:
    code, _, err = run("plan", folder, "--out", tmp_path / "run", "--strategies", asked)
    assert code == 1
    assert "unicorn" in err
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("nothing_is_computed")
def test_a_folder_that_is_not_empty_is_left_alone(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    code, _, err = run("plan", folder, "--out", out)
    assert code == 1
    assert "--overwrite" in err
    assert [p.name for p in out.iterdir()] == ["letter.txt"]


@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_an_output_that_is_a_file_is_exit_code_3(run: Run, folder: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    out = tmp_path / "run"
    out.write_text("mine")
    code, _, err = run("plan", folder, "--out", out, *more)
    assert code == 3
    assert "not a folder" in err
    assert out.read_text() == "mine"


@pytest.mark.usefixtures("nothing_is_computed")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_exit_code_3(run: Run, folder: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    code, _, err = run("plan", folder, "--out", locked / "run")
    locked.chmod(0o700)
    assert code == 3
    assert "cannot" in err
    assert list(locked.iterdir()) == []


@pytest.mark.usefixtures("nothing_is_computed")
def test_a_place_below_a_file_is_exit_code_3(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert run("plan", folder, "--out", tmp_path / "file" / "run")[0] == 3


def test_an_interrupt_is_exit_code_4_and_writes_nothing(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hepaxis.plan.patient_twin.build_twin", stop)
    code, out, err = run("plan", folder, "--out", tmp_path / "run")
    assert (code, out) == (4, "")
    assert "nothing was written" in err
    assert not (tmp_path / "run").exists()


def test_a_disk_that_fills_leaves_no_half_folder(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: None
) -> None:
    real = os.fsync
    calls = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("plan", folder, "--out", tmp_path / "run", "--patients", "10", "--strategies", "1")
    assert code == 3
    assert "No space left" in err
    assert not (tmp_path / "run").exists() or list((tmp_path / "run").iterdir()) == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of two draws and without the groups of attribution."""
    from dataclasses import replace

    from hepaxis.plan import make

    real = make.make_plan
    monkeypatch.setattr(make, "make_plan", lambda f, o, **k: real(f, replace(o, draws=2, horizon_days=182.0), **k))
    monkeypatch.setattr("hepaxis.plan.attribution.GROUP_LABELS", {})
    monkeypatch.setattr("hepaxis.plan.attribution._tumour_groups", list)


@pytest.mark.usefixtures("small")
def test_a_plan_is_a_table_and_three_files_and_again_with_overwrite(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    words = ("plan", folder, "--out", out, "--patients", 10, "--strategies", "udca", "--seed", 7)
    code, table, err = run(*words)
    assert code == 0
    assert sorted(p.name for p in out.iterdir()) == ["plan.json", "report.html", "run.json"]
    assert "Research use only" in table
    assert "ursodeoxycholic acid" in table.lower()
    assert "closing virtual patients" in err
    assert "wrote" in err
    first = (out / "plan.json").read_bytes()
    assert run(*words)[0] == 1
    code, text, _ = run(*words, "--overwrite", "--json")
    assert code == 0
    assert (out / "plan.json").read_bytes() == first, "byte by byte for a seed"
    document = json.loads(text)
    assert document == json.loads(first)
    schema = json.loads(_schema())
    jsonschema.Draft202012Validator(schema).validate(document)
    record = json.loads((out / "run.json").read_text())
    assert record["seed"] == 7
    assert record["options"]["asked"] == [["udca"]]
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "Research use only" in html
    assert "http://" not in html.split("</head>")[0].replace("http://www.w3.org", "")


def _schema() -> str:
    from importlib.resources import files

    return files("hepaxis.report").joinpath("plan.schema.json").read_text(encoding="utf-8")


def test_profile_writes_json_and_a_table(run: Run, folder: Path, tmp_path: Path) -> None:
    code, text, _ = run("profile", folder / "profile.tsv", "--json", "--out", tmp_path / "table.tsv")
    assert code == 0
    assert json.loads(text)["samples"][0]["guilds"]["ent"] == pytest.approx(0.1)
    assert (tmp_path / "table.tsv").read_text().startswith("sample\t")


def test_profile_to_a_place_that_is_not_there_is_said(run: Run, folder: Path, tmp_path: Path) -> None:
    code, _, err = run("profile", folder / "profile.tsv", "--out", tmp_path / "no" / "table.tsv")
    assert code in (1, 3)
    assert "cannot be written" in err
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("example", ["viral_antibiotic", "masld_dysbiotic", "little_data"])
def test_the_shipped_examples_pass_the_check(run: Run, root: Path, example: str, tmp_path: Path) -> None:
    shutil.copytree(root / "examples" / example, tmp_path / example)
    code, out, _ = run("check", tmp_path / example)
    assert code == 0, out


def test_closure_says_who_rests(run: Run) -> None:
    code, out, _ = run("model", "closure", "--patients", "20", "--json")
    assert code == 0
    assert set(json.loads(out)) == {"patients", "failures", "two_rests", "drift", "drifting", "ms"}
    out = run("model", "closure", "--patients", "20")[1]
    assert "20 of 20 virtual patients rest" in out
    assert "drift of the untreated gut" in out


EXPERIMENTS = (
    "id,layer,use,readout,published,low,high,community,both,drug,control,perturbed,day,variable,sense,measure,reason,note\n"
    "U1,metabolite,test,faecal DCA,down,,,reference,,,,antibiotic.vancomycin_oral=1500@0-7,7,col_dca,1,level,,\n"
    "U1,immune,construct,NKT,down,,,reference,,,,parameter.feed_lca=1,28,nkt,1,level,,\n"
    "U2,immune,test,macrophages,up,,,,,,,,,,,,no macrophages in the model,\n"
)


def test_behaviours_scores_a_users_experiments(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(EXPERIMENTS, encoding="utf-8")
    code, out, _ = run("model", "behaviours", "--json", "--experiments", own)
    card = json.loads(out)
    assert code == 0
    assert [(row["id"], row["passed"]) for row in card["rows"]] == [("U1", True), ("U1", True), ("U2", None)]
    assert all(set(row) >= {"id", "use", "readout", "published", "predicted", "passed"} for row in card["rows"])
    assert [row["passed_gates_off"] for row in card["rows"]] == [None, False, None]
    assert {row["use"]: (row["passed"], row["expressed"]) for row in card["totals"]} == {
        "test": (1, 1),
        "construct": (1, 1),
        "context": (0, 0),
    }
    code, out, _ = run("model", "behaviours", "--experiments", own)
    assert code == 0
    assert out.index("TEST: 1 of 1") < out.index("CONSTRUCT: 1 of 1"), "test rows come first"
    assert "guessing 33%" in out
    assert "not expressed      U2 macrophages: no macrophages in the model" in out
    assert "all gates off: 1 of 1 immune readouts fail" in out


def test_behaviours_shows_a_failure_as_plainly_as_a_success(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(EXPERIMENTS.replace("faecal DCA,down", "faecal DCA,up"), encoding="utf-8")
    out = run("model", "behaviours", "--experiments", own)[1]
    assert "TEST: 0 of 1" in out
    assert "FAILS (reversed)   U1 faecal DCA" in out


def test_behaviours_lists_every_fault_of_an_experiments_file(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(EXPERIMENTS.replace("col_dca", "faeces").replace("parameter.feed_lca", "lever.x"), encoding="utf-8")
    code, out, err = run("model", "behaviours", "--experiments", own)
    assert (code, out) == (1, "")
    assert "row 2 column 'variable'" in err
    assert "row 3 column 'perturbed'" in err
    assert run("model", "behaviours", "--experiments", tmp_path / "none.csv")[0] == 1


def test_physiology_holds_every_quantity_against_the_model(run: Run) -> None:
    code, out, _ = run("model", "physiology", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["totals"]["quantities"] == len(found["rows"])
    assert found["totals"]["inside"] == sum(row["inside"] is True for row in found["rows"])
    assert all(row["inside"] is not None or row["reason"] for row in found["rows"])
    code, out, _ = run("model", "physiology")
    assert code == 0
    assert "OUTSIDE" in out
    assert "not expressed:" in out


SCENARIO = """
name: "Two doses & <a steroid>"
days: 30
every: 10
regimens: [{id: durvalumab}]
levers: [{lever: steroid, value: 0.3, from: 5, to: 9}]
observe: [tumour_diameter, effectors/treg]
"""


def test_a_scenario_is_simulated_drawn_and_copied(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "s.yaml", tmp_path / "out"
    file.write_text(SCENARIO, encoding="utf-8")
    code, shown, err = run("simulate", file, "-o", out)
    assert code == 0, err
    assert "tumour_diameter" in shown
    assert "one typical person" in shown
    names = {"trajectories.csv", "columns.csv", "simulation.html", "scenario.yaml", "run.json"}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "scenario.yaml").read_text(encoding="utf-8") == SCENARIO
    assert (out / "columns.csv").read_text(encoding="utf-8").startswith("column,unit,meaning\nperson,,")
    assert len((out / "trajectories.csv").read_text(encoding="utf-8").splitlines()) == 5
    page = (out / "simulation.html").read_text(encoding="utf-8")
    assert "Two doses &amp; &lt;a steroid&gt;" in page
    assert "<script" not in page
    assert STATEMENT in page
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["failed"] == {}
    assert run("simulate", file, "-o", out)[0] == 1
    code, shown, _ = run("simulate", file, "-o", out, "--overwrite", "--json")
    assert code == 0
    assert json.loads(shown)["effectors/treg"]["unit"] == ""


def test_a_bad_scenario_is_told_whole_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "s.yaml", tmp_path / "out"
    file.write_text("name: x\ndays: -1\ndiet: meat\n", encoding="utf-8")
    code, shown, err = run("simulate", file, "-o", out)
    assert (code, shown) == (1, "")
    assert "row 2 column 'days'" in err
    assert "row 3 column 'diet'" in err
    assert not out.exists()
    assert run("simulate", tmp_path / "none.yaml")[0] == 1
    file.write_text(SCENARIO, encoding="utf-8")
    assert run("simulate", file, "-o", file)[0] == 3


def test_the_trial_template_is_read(run: Run) -> None:
    from hepaxis.trial import parse_design

    code, text, _ = run("template", "trial")
    assert code == 0
    assert len(parse_design(text).arms) == 2


def test_the_scenario_template_is_read(run: Run) -> None:
    from hepaxis.exchange import parse_scenario

    code, text, _ = run("template", "scenario")
    assert code == 0
    assert parse_scenario(text).days == 180
    assert run("template", "poem")[0] == 2


def test_a_scenario_is_exported(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "s.yaml", tmp_path / "out"
    file.write_text(SCENARIO, encoding="utf-8")
    assert run("export", "sbml", file, "-o", tmp_path / "m.xml") == (0, "", STATEMENT + "\n")
    assert "<event " in (tmp_path / "m.xml").read_text(encoding="utf-8")
    assert run("export", "omex", file, "-o", tmp_path / "m.omex")[0] == 0
    assert (tmp_path / "m.omex").read_bytes().startswith(b"PK")
    assert run("export", "petab", file, "-o", out, "--estimate", "host_infiltration")[0] == 0
    assert (out / "problem.yaml").exists()
    assert run("export", "petab", file, "-o", out)[0] == 1
    assert run("export", "petab", file, "-o", out, "--overwrite")[0] == 0
    code, _, err = run("export", "sbml", file, "-o", tmp_path / "n.xml", "--person", "2")
    assert (code, (tmp_path / "n.xml").exists()) == (1, False)
    assert "the scenario has 1" in err
    assert run("export", "omex", file, "-o", tmp_path / "nowhere" / "m.omex")[0] == 3


def test_the_help_of_a_plan_names_the_sizes_it_uses(run: Run) -> None:
    from hepaxis.plan.make import Options

    code, out, _ = run("plan", "--help")
    assert code == 0
    said = " ".join(out.replace("│", " ").split())
    assert f"in place of {Options.hosts};" in said
    assert f"in place of {Options.limit}," in said
