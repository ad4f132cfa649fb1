"""What comes in is bounded, named by us, and leaves nothing behind when it is refused."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Served, example

from hepaxis.problems import InputError
from hepaxis.server import uploads
from hepaxis.server.uploads import Incoming, keep, of_folder, safe_name

SHEET = b"id: one\n"


def came(**files: bytes) -> list[Incoming]:
    return [Incoming(name, io.BytesIO(content)) for name, content in files.items()]


@given(st.text(max_size=300))
def test_a_name_never_leaves_its_folder(claimed: str) -> None:
    name = safe_name(claimed)
    assert re.fullmatch(r"[A-Za-z0-9._-]*", name)
    assert len(name) <= uploads.MOST_NAME + len("file_")
    assert not name.startswith((".", "-"))
    assert "/" not in name


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\profile.tsv", "profile.tsv"),
        ("patient.yaml", "patient.yaml"),
        ("merged abundance (1).tsv", "merged_abundance_1_.tsv"),
        (".hidden", "hidden"),
        ("CON.txt", "file_CON.txt"),
        ("ｐｒｏｆｉｌｅ.tsv", "profile.tsv"),
        ("..", ""),
    ],
)
def test_names_as_they_are_kept(claimed: str, kept: str) -> None:
    assert safe_name(claimed) == kept


def refused(folder: Path, files: list[Incoming]) -> set[str]:
    with pytest.raises(InputError) as found:
        keep(files, folder)
    assert not folder.exists()
    return {problem.code for problem in found.value.problems}


def test_too_many_files_leave_nothing(tmp_path: Path) -> None:
    files = [Incoming(f"{k}.tsv", io.BytesIO(b"x")) for k in range(uploads.MOST_FILES + 1)]
    assert refused(tmp_path / "in", files) == {"upload.count"}


def test_too_much_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    assert refused(tmp_path / "in", came(a=b"x" * 600, b=b"x" * 600)) == {"upload.size"}


def test_a_gzip_bomb_is_counted_not_kept(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    with gzip.open(bomb, "wb", compresslevel=9) as stream:
        for _ in range(uploads.MOST_EXPANDED // (1 << 22) + 1):
            stream.write(bytes(1 << 22))
    assert len(bomb.getvalue()) < 1 << 20
    assert refused(tmp_path / "in", [Incoming("p.tsv.gz", io.BytesIO(bomb.getvalue()))]) == {"upload.expansion"}


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"BZh9rest", b"\xfd7zXZ\x00", b"Rar!\x1a"])
def test_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path / "in", came(p=content)) == {"upload.archive"}


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "in", came(p=gzip.compress(b"x" * 1000)[:-20])) == {"upload.packed"}


def test_two_names_that_become_one_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "in", came(**{"a/p.tsv": b"1", "b/P.tsv": b"2"})) == {"upload.name"}


def test_a_folder_is_copied_without_links(tmp_path: Path) -> None:
    source = tmp_path / "patient"
    source.mkdir()
    (source / "patient.yaml").write_bytes(SHEET)
    (source / "secret").symlink_to("/etc/passwd")
    assert keep(of_folder(str(source)), tmp_path / "in") == ["patient.yaml"]
    with pytest.raises(InputError):
        keep(of_folder("patient"), tmp_path / "other")


def test_a_hostile_name_is_neither_path_nor_markup(served: Served, root: Path) -> None:
    files = example(root)
    files["../../<img src=x onerror=alert(1)>.md"] = b"note"
    status, headers, _ = served.upload(files)
    assert status == 303
    page = served.ask(headers["location"].replace("/check", "/files"))[2].decode()
    assert "<img" not in page
    assert "onerror_alert_1" in page


def test_a_hostile_sheet_is_shown_as_text(served: Served, root: Path) -> None:
    files = example(root)
    text = files["patient.yaml"].decode()
    text = re.sub(r"(?m)^id:.*$", 'id: "<script>alert(1)</script>"', text)
    files["patient.yaml"] = text.encode()
    status, headers, _ = served.upload(files)
    assert status == 303
    for path in (headers["location"], "/patients"):
        page = served.ask(path)[2].decode()
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in served.ask("/patients")[2].decode()


def test_faults_of_a_folder_are_all_listed(served: Served) -> None:
    status, headers, _ = served.upload({"patient.yaml": b"id: [\n", "p.tsv": b"\x00\x01\x02"})
    assert status == 303
    found = served.data(headers["location"] + ".json")
    assert not found["usable"]
    assert found["counts"]["error"] >= 1
    assert all(served.workspace.name not in (one["file"] or "") for one in found["problems"])
    plan = headers["location"].replace("/check", "/plan")
    assert served.post(plan)[0] == 400


@pytest.mark.parametrize(
    "sheet",
    [
        b"!!python/object/apply:os.system ['touch /tmp/owned']\n",
        b"a: &a [*a, *a]\n",
        b"a: &a ['x']\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        b"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nid: *e\n",
        b"\xff\xfe\x00id: x",
        b"[" * 5000,
    ],
)
def test_a_hostile_yaml_gets_a_list_of_problems(served: Served, sheet: bytes) -> None:
    status, headers, _ = served.upload({"patient.yaml": sheet})
    assert status == 303
    assert not served.data(headers["location"] + ".json")["usable"]
