"""The published JSON Schemas, and what a document that breaks one is told."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from runner.errors import Problem
from runner.files.documents import MAX_PROBLEMS, Document, Pointer, quoted

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of `name: value` lines",
    "null": "empty",
}


def text(name: str) -> str:
    """The JSON of a schema: `cohort` or `project`. Shipped inside the package, beside
    it in a checkout.
    """
    package = Path(__file__).parent.parent
    places = (package / "schema", package.parent / "schema")
    file = next(place for place in places if place.is_dir()) / f"{name}.schema.json"
    return file.read_text(encoding="utf-8")


def problems(document: Document, schema: str) -> tuple[Problem, ...]:
    """Everything in a document that its schema does not allow, sorted by place."""
    errors = tuple(islice(_validator(schema).iter_errors(document.data), MAX_PROBLEMS))
    return explain(errors, document) if errors else ()


def explain(errors: Sequence[Any], document: Document) -> tuple[Problem, ...]:
    """jsonschema's errors in plain words, each at its place in the document."""
    plain = [error for found in errors for error in _closest(found)]
    found: list[Problem] = []
    meant: set[Pointer] = set()
    for error in plain:
        for name in _unknown(error)[:MAX_PROBLEMS]:
            pointer = (*error.absolute_path, name)
            guess = difflib.get_close_matches(name[:64], _known(error), 1, 0.7)
            meant.update((*error.absolute_path, match) for match in guess)
            found.append(_unknown_name(document, pointer, guess, _known(error)))
    found.extend(
        problem for error in plain for problem in _explain(error, document, meant)
    )
    return tuple(sorted(set(found)))


@cache
def _validator(name: str) -> Any:
    schema = json.loads(text(name))
    # how the keys of a rule go together is said in `allOf` for editors
    # the reader of rules says it in plainer words
    schema.get("$defs", {}).get("rule", {}).pop("allOf", None)
    return validator(schema)


def validator(schema: Any) -> Any:
    """A validator with an editor's idea of patterns: Python's `$` also matches before a
    last line break.
    """
    import jsonschema  # noqa: PLC0415 - 130 ms, not paid for by commands that read no file

    def pattern(_: Any, wanted: str, value: object, __: Any) -> Iterator[Any]:
        if isinstance(value, str) and not _compiled(wanted).search(value):
            yield jsonschema.ValidationError("pattern")

    checked = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        jsonschema.Draft202012Validator, {"pattern": pattern}
    )
    return checked(schema)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern + r"\Z" if pattern.endswith("$") else pattern)


def _closest(error: Any) -> Iterator[Any]:
    """The error itself or, where one of several branches must hold, those of the branch
    that came closest.
    """
    if (
        error.validator not in ("oneOf", "anyOf")
        or not error.context
        or _alternatives(error)
    ):
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    here = len(error.absolute_path)

    def distance(branch: list[Any]) -> tuple[int, int]:
        shallow = sum(
            inner.validator in ("type", "const", "enum")
            and len(inner.absolute_path) == here
            for inner in branch
        )
        return shallow, len(branch)

    for inner in min(branches.values(), key=distance):
        yield from _closest(inner)


def _alternatives(error: Any) -> list[str]:
    """The names of which exactly one must be given, where that is all that the branches say."""
    branches = error.validator_value
    simple = all(
        set(branch) == {"required"} and len(branch["required"]) == 1
        for branch in branches
    )
    return [branch["required"][0] for branch in branches] if simple else []


def _known(error: Any) -> list[str]:
    return list(error.schema.get("properties", ()))


def _unknown(error: Any) -> list[str]:
    if error.validator != "additionalProperties":
        return []
    return [name for name in error.instance if name not in _known(error)]


def _unknown_name(
    document: Document, pointer: Pointer, guess: Sequence[str], known: Sequence[str]
) -> Problem:
    fix = (
        f"perhaps you meant `{guess[0]}`"
        if guess
        else f"remove it, or use one of: {', '.join(known)}"
    )
    where = f" in {_name(pointer[:-1])}" if pointer[:-1] else ""
    return Problem(
        document.key_at(*pointer),
        "S001",
        f"unknown name {quoted(pointer[-1])}{where}",
        fix,
    )


def _explain(error: Any, document: Document, meant: set[Pointer]) -> Iterator[Problem]:
    pointer: Pointer = tuple(error.absolute_path)
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance and (*pointer, key) not in meant:
                where = f" in {_name(pointer)}" if pointer else ""
                fix = f"add it, for example `{key}: {_example(error.schema['properties'].get(key, {}))}`"
                yield Problem(
                    document.at(*pointer), "S002", f"`{key}` is missing{where}", fix
                )
    elif (
        error.validator != "additionalProperties"
        and not _moot(error)
        and not _misspelt(error, meant)
    ):
        code, what, fix = _SAYINGS.get(error.validator, _not_allowed)(
            error, _name(pointer)
        )
        of_a_name = "propertyNames" in error.absolute_schema_path
        at = (
            document.key_at(*pointer, error.instance)
            if of_a_name
            else document.at(*pointer)
        )
        yield Problem(at, code, what, fix)


def _misspelt(error: Any, meant: set[Pointer]) -> bool:
    """One of the alternatives is there under a wrong name, which another error says."""
    names = _alternatives(error) if error.validator in ("oneOf", "anyOf") else ()
    return any((*error.absolute_path, name) in meant for name in names)


def _moot(error: Any) -> bool:
    """Not a group at all, which another error says; so nothing can be said of the names in it."""
    names = error.validator in ("oneOf", "anyOf") and _alternatives(error)
    return bool(names) and not isinstance(error.instance, dict)


Saying = tuple[str, str, str]
"""Code, what, fix."""


def _wrong_type(error: Any, name: str) -> Saying:
    wanted = (
        [error.validator_value]
        if isinstance(error.validator_value, str)
        else error.validator_value
    )
    given = error.instance
    kinds = (
        ", ".join(_TYPES[kind] for kind in wanted[:-1])
        + " or " * (len(wanted) > 1)
        + _TYPES[wanted[-1]]
    )
    must = error.schema.get("patternErrorMessage", "") if len(wanted) > 1 else ""
    what = f"{name} {must or 'must be ' + kinds}, but it is {_given(given)}"
    if given is None:
        return "S003", what, "fill it in, or remove the line"
    return "S003", what, _cure(wanted[0], given, error.schema)


def _cure(wanted: str, given: object, schema: Any) -> str:
    match wanted, given:
        case "string", bool() | int() | float() if _compiled(
            schema.get("pattern", "")
        ).search(quoted(given)):
            return "put it in quotes"
        case "boolean", _:
            return "write true or false, without quotes"
        case "integer", str():
            return f"write digits alone, for example {_example(schema)}"
        case "object", _:
            first = next(iter(schema.get("properties", ())), "name")
            return f"write lines such as `{first}: …` in it"
        case _:
            return f"write for example {_example(schema)}"


def _no_choice(error: Any, name: str) -> Saying:
    choices = (
        error.validator_value if error.validator == "enum" else [error.validator_value]
    )
    names = [
        choice if isinstance(choice, str) else json.dumps(choice) for choice in choices
    ]
    shown = ", ".join(names)
    what = f"{name} must be {'one of ' if len(choices) > 1 else ''}{shown}, but it is {_given(error.instance)}"
    guess = difflib.get_close_matches(quoted(error.instance).strip('"'), names, 1)
    return (
        "S004",
        what,
        f"write {(guess or names)[0]}"
        if guess or len(choices) == 1
        else "choose one of them",
    )


def _wrong_form(error: Any, name: str) -> Saying:
    if "propertyNames" in error.absolute_schema_path:
        return (
            "S005",
            f"the name {quoted(error.instance)} {error.schema['patternErrorMessage']}",
            "rename it",
        )
    must = error.schema.get("patternErrorMessage", "has the wrong form")
    what = f"{name} {must}, but it is {_given(error.instance)}"
    return "S005", what, f"write for example {_example(error.schema)}"


def _too_long(error: Any, name: str) -> Saying:
    what = f"{name} is {len(error.instance):,} characters long, over the limit of {error.validator_value:,}"
    return "S006", what, "shorten it"


def _too_few(error: Any, name: str) -> Saying:
    entries = (
        "1 entry" if error.validator_value == 1 else f"{error.validator_value} entries"
    )
    what = f"{name} must have at least {entries}, but has {len(error.instance)}"
    first = next(iter(error.schema.get("examples", ())), None)
    return "S006", what, f"add one, for example {_yaml(first)}" if first else "add one"


def _too_many(error: Any, name: str) -> Saying:
    limit = error.validator_value
    what = f"{name} must have at most {limit} entries, but has {len(error.instance)}"
    return "S006", what, f"write for example {_example(error.schema)}"


def _outside(error: Any, name: str) -> Saying:
    side = "more" if error.validator == "exclusiveMinimum" else "less"
    what = f"{name} must be {side} than {error.validator_value}, but it is {_given(error.instance)}"
    return "S007", what, f"write for example {_example(error.schema)}"


def _too_small(error: Any, name: str) -> Saying:
    what = f"{name} must be at least {error.validator_value}, but it is {_given(error.instance)}"
    return "S007", what, f"write for example {_example(error.schema)}"


def _not_exactly_one(error: Any, name: str) -> Saying:
    names = [f"`{key}`" for key in _alternatives(error)]
    given = [f"`{key}`" for key in _alternatives(error) if key in error.instance]
    what = (
        f"{name} has {' and '.join(given)} at once"
        if given
        else f"{name} lacks {' or '.join(names)}"
    )
    return "S008", what, f"give exactly one of {', '.join(names)}"


def _none_of(error: Any, name: str) -> Saying:
    names = [f"`{key}`" for key in _alternatives(error)]
    return (
        "S008",
        f"{name} lacks {' or '.join(names)}",
        f"give one of {', '.join(names)}",
    )


def _excluded(error: Any, name: str) -> Saying:
    names = [f"`{key}`" for key in error.validator_value["required"]]
    return (
        "S008",
        f"{name} has {' and '.join(names)} at once",
        f"give exactly one of {', '.join(names)}",
    )


def _repeated(error: Any, name: str) -> Saying:
    twice = next(
        item
        for place, item in enumerate(error.instance)
        if item in error.instance[:place]
    )
    return "S010", f"{name} has {quoted(twice)} twice", "keep one"


def _only_with(error: Any, name: str) -> Saying:
    key, needed = next(
        (key, needs)
        for key, needs in error.validator_value.items()
        if key in error.instance
    )
    return (
        "S008",
        f"`{key}` in {name} goes with `{needed[0]}` only",
        f"remove it, or use `{needed[0]}`",
    )


def _not_allowed(error: Any, name: str) -> Saying:
    return (
        "S009",
        f"{name} is not allowed here ({error.validator})",
        "see `cohorts schema` for what is",
    )


_SAYINGS: dict[str, Callable[[Any, str], Saying]] = {
    "type": _wrong_type,
    "enum": _no_choice,
    "const": _no_choice,
    "pattern": _wrong_form,
    "maxLength": _too_long,
    "minProperties": _too_few,
    "minItems": _too_few,
    "maxItems": _too_many,
    "exclusiveMinimum": _outside,
    "exclusiveMaximum": _outside,
    "minimum": _too_small,
    "oneOf": _not_exactly_one,
    "anyOf": _none_of,
    "not": _excluded,
    "uniqueItems": _repeated,
    "dependentRequired": _only_with,
}


def _given(value: object) -> str:
    """What was written, and where it helps, what kind of thing that is."""
    match value:
        case None:
            return "empty"
        case bool():
            return quoted(value)
        case int() | float():
            return f"a number ({quoted(value)})"
        case str():
            shown = quoted(
                re.sub("//[^/@]+@", "//…@", value[:200])
            )  # a password in an address
            return f"the text {shown}" if value.strip() else "blank"
        case list():
            return "a list"
        case _:
            return "a group of `name: value` lines"


def _name(pointer: Pointer) -> str:
    """A value as a message names it: `guards.max_added`."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{_word(step)}" for step in pointer
    )
    shown = "".join(steps).removeprefix(".")
    return (
        f"`{shown if len(shown) <= 80 else shown[:79] + '…'}`" if shown else "the file"
    )


def _example(schema: Any) -> str:
    """The schema's first two examples as YAML on one line."""
    return " or ".join(_yaml(example) for example in schema.get("examples", ())[:2])


def _word(step: str) -> str:
    return step if re.fullmatch(r"[\w-]+", step) else quoted(step)


def _yaml(example: object) -> str:
    return (
        example
        if isinstance(example, str)
        else re.sub(r'"([a-z_]+)":', r"\1:", json.dumps(example))
    )
