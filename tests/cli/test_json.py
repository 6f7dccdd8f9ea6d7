"""With `--output json` every answer is JSON of the published shape, also that of a command that fails early."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.place import COHORTS, Answer, Place

SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "output.schema.json").read_text("utf-8"))
VIPS = "SELECT customer_id FROM customers"


def read(answer: Answer, shape: str) -> Any:
    """The answer as JSON, which has the shape of this name."""
    told = json.loads(answer.out)
    jsonschema.validate(told, SCHEMA)
    jsonschema.validate(told, SCHEMA["$defs"][shape] | {"$defs": SCHEMA["$defs"]})
    return told


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "what"),
    [
        (["plan", "-o", "json"], {"TD_API_KEY": ""}, 4, "R001"),
        (["plan", "--output=json", "-t", "nobody"], {}, 64, "P102"),
        (["status", "-o", "json", "nobody"], {}, 64, "P106"),
        (["plan", "--output", "json", "-t", "nobody"], {}, 64, "P102"),
        (["plan", "-ojson", "-t", "nobody"], {}, 64, "P102"),
        (["sync", "-o", "json", "--lock-timeout", "soon"], {}, 64, "P109"),
        (["sync", "-o", "json", "--dry-run"], {}, 64, None),
        (["aply", "-o", "json"], {}, 64, None),
    ],
)
def test_an_early_failure_is_json_too(
    place: Place, arguments: list[str], environment: dict[str, str], code: int, what: str | None
) -> None:
    place.cohort("vips", VIPS)
    answer = place.run(*arguments, **environment)
    told = read(answer, "failure")
    assert (answer.code, told["exit_code"], told["error"]["code"]) == (code, code, what)
    assert answer.err != ""


def test_a_value_that_is_called_json_asks_for_none(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("plan", "-s", "json", "-t", "nobody")
    assert (answer.code, answer.out, answer.err.split(" ")[0]) == (64, "", "P102")


def test_problems_of_files_are_json_too(place: Place) -> None:
    (place.folder / "cohorts" / "bad.yml").write_text("id: bad\n")
    told = read(place.run("plan", "-o", "json"), "failure")
    assert {problem["path"] for problem in told["problems"]} == {"cohorts/bad.yml"}


def test_every_command_answers_in_json(place: Place) -> None:
    place.cohort("vips", VIPS)
    [statement] = read(place.run("render", "-o", "json"), "rendering")["statements"]
    assert (statement["id"], statement["target"], statement["identifier"]) == ("vips", "sandbox", "external_id")
    [described] = read(place.run("describe", "-o", "json"), "description")["cohorts"]
    assert (described["members"], described["unknown"]) == (None, None)
    assert read(place.run("drift", "-o", "json"), "drift")["changes"][0]["id"] == "vips"
    assert place.run("sync").code == 0
    assert read(place.run("describe", "vips", "-o", "json"), "description")["cohorts"][0]["members"] == 3
    answer = place.run("drift", "-o", "json", "--detailed-exitcode")
    assert (answer.code, read(answer, "drift")["drift"]) == (0, False)
    checks = read(place.run("doctor", "-o", "json"), "diagnosis")["checks"]
    assert {check["state"] for check in checks} <= {"ok", "warning", "failed", "skipped"}
    assert read(place.run("explain", "g002", "-o", "json"), "codes")["codes"][0]["code"] == "G002"
    assert len(read(place.run("explain", "-o", "json"), "codes")["codes"]) > 100
    [key] = read(place.run("explain", "within", "-o", "json"), "keys")["keys"]
    assert (key["name"], key["example"]) == ("within", "within: 90d")


def test_drift_that_cannot_be_looked_at(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("drift", "-o", "json", TD_API_KEY="")
    assert (answer.code, read(answer, "drift")["error"]["code"]) == (4, "R001")


def test_a_full_disk_and_a_closed_pipe_end_in_one_line(place: Place) -> None:
    place.cohort("vips", VIPS)
    around = os.environ | {"TD_API_KEY": "sandbox-key"}
    with Path("/dev/full").open("w") as full:
        words = [COHORTS, "list"]
        ended = subprocess.run(
            words, cwd=place.folder, stdout=full, stderr=subprocess.PIPE, text=True, env=around, check=False
        )
    assert ended.returncode == 1
    assert (
        ended.stderr
        == "R053 nothing more can be written: No space left on device; make room on the disk, then run again\n"
    )
    for arguments in (["list"], ["plan", "-o", "json", "-t", "nobody"]):
        # nobody reads any more when it begins to write
        reading, writing = os.pipe()
        os.close(reading)
        words = [COHORTS, *arguments]
        piped = subprocess.run(
            words, cwd=place.folder, stdout=writing, stderr=subprocess.PIPE, text=True, env=around, check=False
        )
        os.close(writing)
        assert (piped.returncode, piped.stderr) == (1, "")
