"""Starting and ending the engine, with a script that stands in for Java."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from runner.sandbox.engine import process
from runner.sandbox.engine.errors import EngineProblem
from runner.sandbox.engine.home import Installed


def _engine(tmp_path: Path, script: str) -> tuple[Installed, dict[str, str]]:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    java.chmod(0o755)
    (tmp_path / "home").mkdir()
    environment = {"COHORTS_TRINO_HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    return Installed(tmp_path / "jars", tmp_path / "classes", str(java)), environment


def test_its_address_is_told_once_it_answers_and_it_ends_with_its_input(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    engine, environment = _engine(
        tmp_path,
        f'echo "$@" > {tmp_path}/asked; echo noise; echo READY http://127.0.0.1:1; cat > /dev/null; : > {ended}',
    )
    with process.running(engine, environment, catalogs=["td", "other"], options=["query.max-history=7"]) as url:
        assert url == "http://127.0.0.1:1"
        assert not ended.exists()
    assert ended.exists()
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert "-Xss16m" in asked
    assert "catalogs=td,other" in asked
    assert "query.max-memory-per-node=900MB query.max-history=7" in asked
    assert [*(tmp_path / "home").iterdir()] == []


def test_why_it_did_not_start_is_quoted_and_the_log_stays(tmp_path: Path) -> None:
    engine, environment = _engine(tmp_path, "echo 'Could not reserve enough space for object heap'; exit 1")
    with (
        pytest.raises(
            EngineProblem, match=r"(?s)exit code 1 before it was ready:\nCould not reserve.*last-failure\.log"
        ),
        process.running(engine, environment, catalogs=["td"]),
    ):
        pass
    log = tmp_path / "home" / "last-failure.log"
    assert "Could not reserve" in log.read_text(encoding="utf-8")
    assert [*(tmp_path / "home").iterdir()] == [log]


def test_one_that_never_is_ready_is_given_up(tmp_path: Path) -> None:
    engine, environment = _engine(tmp_path, "echo thinking; cat > /dev/null")
    with (
        pytest.raises(EngineProblem, match=r"(?s)not ready after 0\.5 s:\nthinking"),
        process.running(engine, environment, catalogs=["td"], start_seconds=0.5),
    ):
        pass


def test_the_log_of_one_that_died_stays(tmp_path: Path) -> None:
    engine, environment = _engine(tmp_path, "echo READY http://127.0.0.1:1; echo out of memory; exit 3")
    with process.running(engine, environment, catalogs=["td"]):
        while not (logs := [*(tmp_path / "home").glob("run-*/log")]) or "out of memory" not in logs[0].read_text():
            pass
    assert "out of memory" in (tmp_path / "home" / "last-failure.log").read_text(encoding="utf-8")
