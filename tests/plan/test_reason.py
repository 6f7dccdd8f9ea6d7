"""Every reason of a plan has a code that programs can rely on, and words with a place for each of its values."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner.files import schemas
from runner.plan.reason import Reason, Why, changed

PLAN = Path(__file__).parents[2] / "runner" / "plan"


def made() -> Iterator[tuple[str, str, int | None]]:
    """Every reason that the plan makes: where, its name, and how many values it is given (None: no literal)."""
    for path in sorted(PLAN.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Reason"), args=[ast.Attribute(value=ast.Name(id="Why"), attr=name), *rest]
                ):
                    values = 0
                    for each in rest:
                        assert isinstance(each, ast.Tuple)
                        values = len(each.elts)
                    yield f"{path.name}:{node.lineno}", name, values
                case ast.Attribute(value=ast.Name(id="Why"), attr=name):
                    yield f"{path.name}:{node.lineno}", name, None


def test_every_reason_has_as_many_values_as_places() -> None:
    places = {why.name: why.words.count("{}") for why in Why}
    given = [(where, name, values) for where, name, values in made() if values is not None]
    assert len(given) > 20
    assert [each for each in given if places[each[1]] != each[2]] == []
    # a reason whose name alone is passed on is made without values
    alone = {name for _, name, values in made() if values is None} - {name for _, name, _ in given}
    assert {name: places[name] for name in alone if places[name]} == {}


def test_every_reason_is_made_somewhere() -> None:
    assert {name for _, name, _ in made()} == {why.name for why in Why}


def test_codes_are_plain_and_each_is_there_once() -> None:
    codes = [why.code for why in Why]
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []
    assert len(set(codes)) == len(codes)


def test_the_schema_of_answers_names_every_code() -> None:
    published = json.loads(schemas.text("output"))["$defs"]["reason_codes"]["items"]["enum"]
    assert published == [why.code for why in Why]


def test_a_code_never_changes() -> None:
    """Programs rely on them: a code may be added here, and none taken away or renamed."""
    assert {why.code for why in Why} >= {
        *("new", "unreadable_before", "not_in_braze", "withdrawn_before", "adopted", "moved_from"),
        *("identifiers_changed", "mode_changed", "name_changed", "query_changed", "suppression_changed"),
        *("workspace_changed", "other_changed", "database_changed", "variable_changed", "template_changed"),
        *(
            "macro_changed",
            "list_changed",
            "source_changed",
            "cohort_changed",
            "unfinished",
            "failed",
            "refused_by_guard",
        ),
        *("refresh_asked_for", "rollback_asked_for", "due", "unchanged", "rolled_back", "suspended"),
        *("changed_while_suspended", "suspension_ends", "withdrawal_held_back", "waits_for"),
        *("only_suppressed_leave", "expired", "moved_to", "other_workspace", "file_gone"),
    }


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        (Reason(Why.DUE, ("2026-11-24 06:00 UTC",)), "due", "due since 2026-11-24 06:00 UTC"),
        (Reason(Why.FAILED, ("{0} and {braces}",)), "failed", "the last attempt did not finish: {0} and {braces}"),
        (changed("query"), "query_changed", "query changed"),
        (changed("colour"), "other_changed", "colour changed"),
    ],
)
def test_words_and_code(reason: Reason, code: str, words: str) -> None:
    assert (reason.why.code, str(reason)) == (code, words)
