"""Reading one file: what is refused, where, and in which words."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from runner.files import documents
from runner.files.documents import Document


def told(raw: bytes) -> list[str]:
    """The lines a user would see for a file of this content."""
    read = documents.parse(raw, "a.yml")
    assert isinstance(read, tuple), f"no problem was found: {read.data}"
    return [str(problem) for problem in read]


def good(raw: bytes) -> Document:
    read = documents.parse(raw, "a.yml")
    assert isinstance(read, Document), [str(problem) for problem in read]
    return read


ANCHOR = (
    "F009 text that starts with & or * is a YAML anchor or alias; they are not allowed here; "
    "write the value out, or put the text in quotes"
)
TAG = "is a YAML tag; tags are not allowed here; delete it, or put the text in quotes if it is meant to start with !"
CONTROL = "delete it; such characters come from copying out of other programs"
LARGE = "F003 the file is larger than 256 KiB; shorten it; long lists of values belong in a table"
NOT_UTF8 = "F004 the file is not UTF-8 text; save it in your editor with the encoding UTF-8"
BROKEN = "F002 the file is a link to something that does not exist; put the file itself here, or delete the link"
EMPTY = "a.yml:1:1 F006 the file is empty; fill it in, or delete it"


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"# nothing yet\n", b"---\n", b"null\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_empty(raw: bytes) -> None:
    assert told(raw) == [EMPTY]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"a: 1\nb: 2\na: 3\n", 'a.yml:3:1 F008 "a" is given twice, first at a.yml:1:1; keep one of the two'),
        (
            b"a: {b: 1, 'b': 2}\n",
            'a.yml:1:11 F008 "b" is given twice, first at a.yml:1:5; keep one of the two',
        ),
        (b"a: &x 1\nb: *x\n", f"a.yml:1:4 {ANCHOR}"),
        (b"a: *bold\n", f"a.yml:1:4 {ANCHOR}"),
        (
            b"a: !!python/object/apply:os.system [id]\n",
            f'a.yml:1:4 F010 "tag:yaml.org,2002:python/object/apply:os.system" {TAG}',
        ),
        (b"a: !secret x\n", f'a.yml:1:4 F010 "!secret" {TAG}'),
        (b"a: ! x\n", f'a.yml:1:4 F010 "!" {TAG}'),
        (b"a: 1\n---\nb: 2\n", "a.yml:2:1 F011 a second document starts here; put one document in each file"),
        (b"12: a\n", "a.yml:1:1 F012 12 is not text, so it cannot be a name; put it in quotes"),
        (b"true: a\n", "a.yml:1:1 F012 true is not text, so it cannot be a name; put it in quotes"),
        (
            b"~: a\n",
            "a.yml:1:1 F012 there is no name before this colon; write it, or put the whole text in quotes",
        ),
        (
            b"a: {{ b }}\n",
            "a.yml:1:5 F012 a name cannot be a list or a group; put text that starts with { or [ in quotes",
        ),
        (b"[" * 200_000, "a.yml:1:33 F013 this is nested more than 32 levels deep; make it flatter"),
        (b"- " * 100_000, "a.yml:1:65 F013 this is nested more than 32 levels deep; make it flatter"),
        (b"{a: " * 50_000, "a.yml:1:129 F013 this is nested more than 32 levels deep; make it flatter"),
        (b"a: \xff\n", f"a.yml:1:4 {NOT_UTF8}"),
        (b"a: b\nn: Caf\xe9\n", f"a.yml:2:7 {NOT_UTF8}"),
        ("a: é".encode() + b"\xff\n", f"a.yml:1:5 {NOT_UTF8}"),
        ("a: b".encode("utf-16"), f"a.yml:1:1 {NOT_UTF8}"),
        (b"a: b\x00\n", f"a.yml:1:5 F005 there is an invisible control character here (U+0000); {CONTROL}"),
        (b"a: b\rc: d\n", f"a.yml:1:5 F005 there is an invisible control character here (U+000D); {CONTROL}"),
        (
            "a: admin \u202e nimda\n".encode(),
            f"a.yml:1:10 F005 there is an invisible control character here (U+202E); {CONTROL}",
        ),
        (
            b'a: "\\e[31m"\n',
            f"a.yml:1:4 F005 there is an invisible control character here (U+001B); {CONTROL}",
        ),
        (
            b"#" * 262_145,
            f"a.yml:1:1 {LARGE}",
        ),
    ],
)
def test_what_is_refused(raw: bytes, line: str) -> None:
    assert told(raw) == [line]


def test_every_problem_of_a_file_is_told_at_once_and_in_order() -> None:
    codes = [line.split()[0:2] for line in told(b"a: 1\nb: !x 2\na: 3\n4: 5\nc: *d\ne: 'f\n")]
    assert codes == [
        ["a.yml:2:4", "F010"],
        ["a.yml:3:1", "F008"],
        ["a.yml:4:1", "F012"],
        ["a.yml:5:4", "F009"],
        ["a.yml:6:4", "F007"],
    ]


def test_a_file_full_of_problems_is_told_the_first_fifty() -> None:
    assert len(told(b"1: 1\n" * 10_000)) == 50


def test_billion_laughs_are_refused_before_the_first() -> None:
    bomb = "a: &a [ha]\n" + "".join(
        f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    started = time.monotonic()
    assert told(bomb.encode()) == [f"a.yml:1:4 {ANCHOR}"]
    assert time.monotonic() - started < 1


def test_a_file_of_the_largest_size_is_read() -> None:
    raw = b"a: |\n" + b"  x\n" * 65_000
    assert len(raw) < documents.MAX_BYTES
    assert good(raw).data == {"a": "x\n" * 65_000}


def test_thirty_two_levels_are_read() -> None:
    assert good(b"[" * 32 + b"]" * 32).values[(0,) * 31].column == 32


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"\xef\xbb\xbfa: b\n", {"a": "b"}),
        (b"a: |\r\n  x\r\n  y\r\nb: c\r\n", {"a": "x\ny\n", "b": "c"}),
        (b"---\na: [1, {b: c}]\n...\n", {"a": [1, {"b": "c"}]}),
        (b"'': a\nb: c\n", {"": "a", "b": "c"}),
        (b"<<: a\n", {"<<": "a"}),
        (b"? a\n: b\n", {"a": "b"}),
        ("a: 👩‍👩‍👧 é\n".encode(), {"a": "👩‍👩‍👧 é"}),
    ],
)
def test_what_is_read(raw: bytes, data: object) -> None:
    assert good(raw).data == data


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"a: b\n")
    assert documents.read(tmp_path / "a.yml", "a.yml") == good(b"a: b\n")


def test_what_cannot_be_read_from_disk(tmp_path: Path) -> None:
    folder = tmp_path / "cohorts"
    (folder / "folder.yml").mkdir(parents=True)
    (tmp_path / "secret.yml").write_text("a: b\n")
    (folder / "out.yml").symlink_to(tmp_path / "secret.yml")
    (folder / "up.yml").symlink_to("../cohorts/../secret.yml")
    (folder / "broken.yml").symlink_to("nothing.yml")
    (folder / "circle.yml").symlink_to("circle.yml")
    os.mkfifo(folder / "pipe.yml")
    (folder / "large.yml").write_bytes(b"#" * 300_000)
    names = ("absent", "folder", "out", "up", "broken", "circle", "pipe", "large")
    read = (documents.read(folder / f"{name}.yml", f"{name}.yml", inside=folder) for name in names)
    assert [str(problem) for found in read if isinstance(found, tuple) for problem in found] == [
        "absent.yml:1:1 F001 the file does not exist; create it, or correct the path",
        "folder.yml:1:1 F001 this is a folder; put an ordinary file here",
        "out.yml:1:1 F002 the file is a link that leads out of this folder; put the file itself here",
        "up.yml:1:1 F002 the file is a link that leads out of this folder; put the file itself here",
        f"broken.yml:1:1 {BROKEN}",
        "circle.yml:1:1 F001 the file cannot be read (links in a circle); check its permissions",
        "pipe.yml:1:1 F001 this is not an ordinary file; put an ordinary file here",
        f"large.yml:1:1 {LARGE}",
    ]


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: b\n")
    (tmp_path / "b.yml").symlink_to("a.yml")
    assert isinstance(documents.read(tmp_path / "b.yml", "b.yml", inside=tmp_path), Document)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yml").touch(mode=0o000)
    read = documents.read(tmp_path / "a.yml", "a.yml")
    assert isinstance(read, tuple)
    assert str(read[0]) == "a.yml:1:1 F001 the file cannot be read (permission denied); check its permissions"


def test_no_bytes_whatever_raise_an_error() -> None:
    """Seeds are fixed: the same 3,000 broken files each time."""
    chance = random.Random(1)
    sample = b"id: a\naudience:\n  sql: |2-\n    SELECT 'x'\nlist: [1, {a: \"b\\n\"}]\n? c\n: >\n d\n"
    for _ in range(3_000):
        raw = bytearray(sample)
        for _ in range(chance.randrange(1, 6)):
            raw[chance.randrange(len(raw))] = chance.choice(b"\t\n :-'\"[]{}|>&*!%@`,?#\\a\xff\xc3")
        assert documents.parse(bytes(raw), "a.yml")
