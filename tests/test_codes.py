"""What `cohorts explain` says of a code, and of what is none."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from runner import codes
from runner.files import keys
from runner.plan.guards import GUARDS
from tests.place import COHORTS

PAGE = """\
# Codes

## Q: the query

### Q001

There is no SQL here. Really.

```sql
SELECT 1

FROM a
```

**What to do:** Write one, see [format.md](format.md).

### Q002

No cure.

### Q003

There are several statements.

**What to do:** Write one.
"""


def test_a_page_is_read() -> None:
    assert codes.parse(PAGE) == {
        "Q001": codes.Code(
            "Q001", "There is no SQL here. Really.", "Write one, see docs/format.md.", "SELECT 1\n\nFROM a"
        ),
        "Q003": codes.Code("Q003", "There are several statements.", "Write one."),
    }


def test_a_code_is_explained() -> None:
    found = codes.parse(PAGE)
    assert codes.explained(found["Q001"]) == (
        "Q001: There is no SQL here. Really.\n\n    SELECT 1\n\n    FROM a\n\n"
        "What to do: Write one, see docs/format.md."
    )
    assert codes.explained(found["Q003"]) == "Q003: There are several statements.\nWhat to do: Write one."
    assert codes.listed(found.values()) == "Q001  There is no SQL here\nQ003  There are several statements"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("q5", ("Q005",)),
        (" Q5 ", ("Q005",)),
        ("Q012", ("Q001", "Q005", "Q010")),
        ("Q" + "9" * 50, ("Q001", "Q005", "Q010")),
        ("QO05", ("Q005",)),
        ("104", ("P104", "Q010")),
        ("Z999", ()),
        ("", ()),
    ],
)
def test_the_closest_codes_are_proposed(asked: str, meant: tuple[str, ...]) -> None:
    assert codes.closest(asked, ["Q001", "Q005", "Q010", "P104"]) == meant


def cohorts(*arguments: str) -> tuple[int, str, str]:
    ended = subprocess.run([COHORTS, *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_takes_small_letters() -> None:
    code, out, err = cohorts("explain", "q005")
    assert (code, err) == (0, "")
    assert out.startswith("Q005: `SELECT *` hides")
    assert "\nWhat to do: " in out


def test_the_command_lists_every_code_on_one_line() -> None:
    code, out, _ = cohorts("explain")
    assert code == 0
    assert [line[:4] for line in out.splitlines()] == [*codes.known()]


def test_a_code_that_does_not_exist_is_a_usage_error() -> None:
    code, out, err = cohorts("explain", "q5")
    assert (code, out) == (64, "")
    assert err == f"P104 there is no code and no key 'q5'; perhaps you meant Q005; {ALL}\n"
    assert cohorts("explain", "?")[2] == f"P104 there is no code and no key '?'; {ALL}\n"


def test_explaining_starts_as_fast_as_help() -> None:
    program = """
import sys
from runner.cli import app
app(["explain", "Q005"], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    loaded = set(ended.stderr.split())
    assert "runner.codes" in loaded
    assert loaded & {"jinja2", "jsonschema", "requests", "rich", "sqlglot", "stamina", "tdclient", "yaml"} == set()


ALL = "`cohorts explain` lists all codes, and docs/format.md all keys"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("within", "`within` in a rule: The time lies within that long before now"),
        ("where", "      - event: purchases"),
        ("where", "    where:\n      column: category\n      equals: shoes\n"),
        ("guards", "each with an example:\n\n    max_members: 250000\n    min_members: 1000\n"),
        ("max_withdrawn", "    max_withdrawn: 10\n"),
        ("expect", "`expect` in `tests` of a cohort's file: Who is found"),
        ("given", "    given:\n      customers:\n"),
        ("within", "    within: 90d\n"),
        ("g002", "    guards: {max_members: 250000}\n"),
        ("site", "`targets.NAME` of cohorts/project.yml"),
        ("g002", "G002: "),
        ("audience.sample", "`sample` in `audience` of a cohort's file: "),
        ("schedule.cron", "`cron` in `schedule` of a cohort's file: "),
        ("audience.where.all[0].within", "`within` in a rule: "),
        ("audience.where.all[0]", "`all` in a rule: "),
        ("any[1].in.file", "`file` in `in` of a rule: "),
        ("targets.production.site", "`site` in `targets.NAME` of cohorts/project.yml: "),
        ("identifiers.aliases.NAME", "`NAME` in `identifiers.aliases` of a cohort's file: "),
        ("tests[0].expect", "`expect` in `tests` of a cohort's file: "),
    ],
)
def test_keys_of_files_are_explained_too(key: str, told: str) -> None:
    code, out, _ = cohorts("explain", key)
    assert code == 0
    assert told in out


def test_a_key_that_is_nearly_one() -> None:
    assert "perhaps you meant within" in cohorts("explain", "withn")[2]
    told = cohorts("explain", "audience.smaple")[2]
    assert told.startswith("P104 there is no code and no key 'audience.smaple'; perhaps you meant sample")
    assert cohorts("explain", "audience.cron")[0] == 64


def test_every_key_has_a_meaning_and_an_example() -> None:
    for name, found in keys.known().items():
        for key in found:
            assert key.meaning, key
            assert list(yaml.safe_load(key.example)) == [name], key
            inner = yaml.safe_load("\n".join(key.inner)) or {}
            assert len(inner) == len(key.inner), key
            assert inner.keys() <= keys.known().keys(), key


def test_each_guard_has_an_example_of_its_own() -> None:
    of_cohorts, of_projects = (yaml.safe_load("\n".join(key.inner)) for key in keys.known()["guards"])
    assert set(of_cohorts) == set(GUARDS)
    assert of_projects.keys() - of_cohorts.keys() == {"max_withdrawn"}
