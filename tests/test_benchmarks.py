"""The benchmarks measure what they say: repositories that are the same everywhere, whole processes, aims as written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from benchmarks import aims, cold, generated, peers, results
from benchmarks.aims import Found
from benchmarks.processes import Command, Used, in_turn, ratio, seconds, used
from tests.place import COHORTS

THIRTY = "d11d"
"""How the hash of thirty generated files begins."""


@pytest.fixture
def thirty(tmp_path: Path) -> Path:
    generated.write(tmp_path, 30)
    return tmp_path


def run(folder: Path, *words: str | Path) -> str:
    ended = subprocess.run([COHORTS, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ended.stdout


def test_generated_files_are_the_same_everywhere(thirty: Path) -> None:
    texts = [path.read_text("utf-8") for path in generated.files(thirty, 30)]
    assert sha256("".join(texts).encode()).hexdigest().startswith(THIRTY)
    assert 1_000 < sum(map(len, texts)) / 30 < 1_500


def test_generated_cohorts_are_good_and_of_three_kinds(thirty: Path) -> None:
    assert "30 cohorts checked: no problems" in run(thirty, "validate")
    assert "30 tests of 30 cohorts: all passed" in run(thirty, "test")
    kinds = Counter(each["kind"] for each in json.loads(run(thirty, "list", "-o", "json"))["cohorts"])
    assert kinds == {"rule": 10, "template": 10, "sql": 10}


def test_a_change_changes_one_cohort(tmp_path: Path) -> None:
    repository = cold.prepared(tmp_path, 6)
    ours = cold.commands(repository, 6)
    assert used(ours[cold.NOTHING]).wall > 0
    assert used(ours[cold.ONE]).wall > 0
    assert used(ours[cold.NOTHING]).wall > 0


def test_a_process_is_measured_alone(tmp_path: Path) -> None:
    held = bytearray(300 << 20)  # of this process; none of it counts
    words = [sys.executable, "-S", "-c", "import time; time.sleep(0.3); print('done')"]
    found = used(Command(words, tmp_path, "done"))
    assert len(held) > 0
    assert 0.3 <= found.wall < 30
    assert found.cpu < found.wall
    assert found.memory < 100


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "print('another answer')"])
def test_what_did_not_do_its_work_is_not_measured(tmp_path: Path, program: str) -> None:
    with pytest.raises(RuntimeError, match=r"exit code [03]"):
        used(Command([sys.executable, "-S", "-c", program], tmp_path, "done"))


def test_rounds_take_turns(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = f"import sys; open({str(log)!r}, 'a').write(sys.argv[1])"
    commands = {name: Command([sys.executable, "-S", "-c", program, name], tmp_path) for name in "ab"}
    found = in_turn(commands, 3)
    assert log.read_text() == "ababab"
    assert {name: len(runs) for name, runs in found.items()} == {"a": 3, "b": 3}


def of(*walls: float) -> tuple[Used, ...]:
    """Runs that took so long."""
    return tuple(Used(wall, wall, 100) for wall in walls)


def test_a_ratio_is_that_of_the_rounds() -> None:
    """The second round was slow for both."""
    assert ratio(of(1, 10, 1), of(2, 20, 2)) == 0.5
    assert seconds(of(3, 1, 2)) == 2


def found_with(validate: float, octodns: float) -> Found:
    size = {cold.VALIDATE: of(validate), cold.NOTHING: of(0.5), peers.OCTODNS: of(octodns)}
    return Found({}, {aims.SMALL: size, aims.LARGE: size}, {}, {}, {}, {})


def test_every_aim_is_met_or_missed_or_says_that_it_was_not_measured() -> None:
    words = {verdict.aim.work: [] for verdict in aims.verdicts(Found())}
    for found in (found_with(0.9, 14), found_with(7.1, 5), Found()):
        for verdict in aims.verdicts(found):
            words[verdict.aim.work].append(verdict.word)
    assert words["`validate` of 1,000, cold"] == ["met", "missed", "not measured"]
    assert words["`plan --offline` of 10,000, nothing changed"] == ["met", "met", "not measured"]
    assert words["one changed cohort, jobs of 3 s, start to end"] == ["not measured"] * 3


def test_faster_than_others_is_more() -> None:
    [fast] = [each for each in aims.verdicts(found_with(1, 14)) if each.aim.is_least and each.value]
    [slow] = [each for each in aims.verdicts(found_with(1, 5)) if each.aim.is_least and each.value]
    assert (fast.word, fast.shown) == ("met", "28 times as fast")
    assert (slow.word, slow.shown) == ("missed", "10 times as fast")


def test_the_plot_is_a_picture_of_every_command() -> None:
    picture = ET.fromstring("\n".join(results.plot(found_with(3, 1.5))))
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"1,000", "10,000", "1 s", "10 s", cold.VALIDATE, peers.OCTODNS} <= set(texts)
    assert len([*picture.iter("{http://www.w3.org/2000/svg}circle")]) == 6


def test_the_page_has_a_place_for_results() -> None:
    page = results.README.read_text("utf-8")
    assert page.count(results.BEGIN) == page.count(results.END) == 1
