"""Where the engine lives and how it gets there, with programs that stand in for Java and Maven: this needs neither."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from runner.sandbox.engine import home
from runner.sandbox.engine.errors import EngineProblem

JAVA = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
COPIES = "for word; do case $word in -DoutputDirectory=*) out=${word#*=} ;; esac; done\n"


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Mapping[str, str]:
    """A machine with Java, and an empty cache."""
    programs = tmp_path / "bin"
    _program(programs, "java", JAVA)
    _program(programs, "javac", 'while [ "$1" != -d ]; do shift; done\n: > "$2/Engine.class"')
    return {"PATH": f"{programs}:/bin:/usr/bin", "COHORTS_TRINO_HOME": str(tmp_path / "home"), "JAVA_HOME": ""}


def _without(machine: Mapping[str, str]) -> Mapping[str, str]:
    """The same machine, where nothing is found but what the test made."""
    return {**machine, "PATH": machine["PATH"].split(":", maxsplit=1)[0]}


def _one_jar(machine: Mapping[str, str], content: str = "a jar") -> home.Recipe:
    """A recipe of one jar, which Maven copies with this content."""
    programs = Path(machine["PATH"].split(":", maxsplit=1)[0])
    _program(programs, "mvn", f"{COPIES}printf %s '{content}' > \"$out/one.jar\"")
    listed = programs.parent / "jars.sha256"
    listed.write_text(f"{sha256(b'a jar').hexdigest()}  one.jar\n", encoding="utf-8")
    return replace(home.SHIPPED, checksums=listed)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"COHORTS_TRINO_HOME": "/here", "XDG_CACHE_HOME": "/cache"}, "/here"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/cohort-runner/trino-423"),
    ],
)
def test_the_engine_has_a_folder_in_the_users_cache(environment: Mapping[str, str], expected: str) -> None:
    assert home.home(environment) == Path(expected)


def test_without_a_cache_of_their_own_it_is_the_usual_one() -> None:
    assert home.home({}) == Path.home() / ".cache/cohort-runner/trino-423"


def test_an_engine_that_is_not_set_up_says_how(machine: Mapping[str, str]) -> None:
    with pytest.raises(EngineProblem, match="the engine is not set up; set it up with `cohorts sandbox --engine trino"):
        home.installed(machine)


@pytest.mark.parametrize("program", ["java", "javac", "mvn"])
def test_a_missing_program_is_named_with_what_to_install(machine: Mapping[str, str], program: str) -> None:
    programs = Path(machine["PATH"].split(":", maxsplit=1)[0])
    (programs / program).unlink(missing_ok=True)
    fix = "install Apache Maven" if program == "mvn" else "install a JDK, version 17 or later"
    with pytest.raises(EngineProblem, match=f"there is no `{program}` here, which the engine needs; {fix}"):
        home.set_up(_without(machine) if program == "mvn" else {**_without(machine), "JAVA_HOME": ""}, print)


@pytest.mark.parametrize(("told", "what"), [("11.0.2", "11"), ("1.8.0_402", "8")])
def test_java_that_is_too_old_is_told(machine: Mapping[str, str], told: str, what: str) -> None:
    _program(Path(machine["PATH"].split(":", maxsplit=1)[0]), "java", f"echo 'java version \"{told}\"' >&2")
    with pytest.raises(EngineProblem, match=rf"Java is too old \({what}\): the engine needs 17 or later"):
        home.set_up(machine, print)


def test_it_is_set_up_once(machine: Mapping[str, str]) -> None:
    recipe = _one_jar(machine)
    told: list[str] = []
    first = home.set_up(machine, told.append, recipe)
    assert [line.split()[0] for line in told] == ["Maven", "javac"]
    assert (first.jars / "one.jar").is_file()
    assert (first.classes / "Engine.class").is_file()
    assert home.set_up(machine, told.append, recipe) == first == home.installed(machine, recipe)
    assert len(told) == 2


def test_a_jar_that_is_another_one_is_not_kept(machine: Mapping[str, str]) -> None:
    recipe = _one_jar(machine, content="not the jar")
    with pytest.raises(EngineProblem, match=r"one\.jar is not the jar that this version of Cohort Runner"):
        home.set_up(machine, print, recipe)
    assert [*Path(machine["COHORTS_TRINO_HOME"]).iterdir()] == []


def test_what_maven_says_is_quoted(machine: Mapping[str, str]) -> None:
    programs = Path(machine["PATH"].split(":", maxsplit=1)[0])
    _program(programs, "mvn", "echo '[ERROR] Unknown host' ; exit 1")
    with pytest.raises(EngineProblem, match=r"(?s)`mvn` ended with exit code 1:\n\[ERROR\] Unknown host.*a mirror"):
        home.set_up(machine, print)
    assert [*Path(machine["COHORTS_TRINO_HOME"]).iterdir()] == []


def test_two_at_once_do_not_disturb_each_other(machine: Mapping[str, str]) -> None:
    recipe = _one_jar(machine)
    made: list[home.Installed] = []
    threads = [
        threading.Thread(target=lambda: made.append(home.set_up(machine, lambda _: None, recipe))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert len([*Path(machine["COHORTS_TRINO_HOME"]).iterdir()]) == 2


def test_another_source_is_another_engine(tmp_path: Path) -> None:
    path = tmp_path / "Engine.java"
    path.write_text("one", encoding="utf-8")
    before = home.stamp([path])
    assert home.stamp([path]) == before
    path.write_text("two", encoding="utf-8")
    assert home.stamp([path]) != before


def test_every_jar_has_its_checksum_and_no_address_is_written_down() -> None:
    names = [line.split()[1] for line in home.SHIPPED.checksums.read_text(encoding="utf-8").splitlines()]
    assert len(names) == len(set(names)) > 100
    assert "trino-main-423.jar" in names
    assert "<repositor" not in home.SHIPPED.pom.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, "another"])
def test_jars_are_compared_one_by_one(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "a.jar").write_text(content, encoding="utf-8")
    with pytest.raises(EngineProblem, match=r"a\.jar is not the jar"):
        home.check_jars(tmp_path, f"{'0' * 64}  a.jar\n")
