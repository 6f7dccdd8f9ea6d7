"""The published JSON Schemas, and what a document that breaks one is told."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from runner.errors import Problem
from runner.files import habits
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


MISSING = "S002"
"""The code of a name that a group lacks."""

_SIMILAR = 0.7
"""How alike a name must be to a known one to be taken for a misspelt one."""

_BRANCHING = ("oneOf", "anyOf")


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
    return explain(errors, document)


def explain(errors: Sequence[Any], document: Document) -> tuple[Problem, ...]:
    """jsonschema's errors in plain words, each at its place in the document."""
    plain: list[Any] = []
    for error in errors:
        plain += _closest(error)
    problems: set[Problem] = set()
    # a key that is there under a misspelt name is not told as missing, too
    meant: set[Pointer] = set()
    for error in plain:
        known = _known(error)
        for name in _unknown(error)[:MAX_PROBLEMS]:
            pointer = (*error.absolute_path, name)
            guess = _guess(name, known)
            meant.update((*error.absolute_path, match) for match in guess)
            problems.add(
                _split_number(document, pointer, error.instance)
                or _split_list(document, pointer, error)
                or _without_colon(document, pointer, guess)
                or _unknown_name(document, pointer, guess, known)
            )
    for error in plain:
        problems.update(_explain(error, document, meant))
    return tuple(sorted(problems))


@cache
def _validator(name: str) -> Any:
    """The validator of a published schema."""
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

    usual = jsonschema.Draft202012Validator
    # 1.000 is no whole number, though its value is one: see `_may_be_whole`
    types = usual.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    checked = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        usual, {"pattern": pattern}, type_checker=types
    )
    return checked(schema)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as an editor understands it: `$` is the very end of a text."""
    if pattern.endswith("$"):
        pattern += r"\Z"
    return re.compile(pattern)


def _closest(error: Any) -> Iterator[Any]:
    """The error itself or, where one of several branches must hold, those of the branch
    that came closest.
    """
    if error.validator not in _BRANCHING or not error.context or _alternatives(error):
        yield error
        return
    # a branch that nearly holds is the one that the author wanted
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    depth = len(error.absolute_path)
    for inner in min(branches.values(), key=lambda branch: _distance(branch, depth)):
        yield from _closest(inner)


def _distance(branch: Sequence[Any], depth: int) -> tuple[int, int]:
    """How far a branch is from holding: errors of the whole value weigh most, then the
    number of errors.
    """
    shallow = 0
    for error in branch:
        is_whole = len(error.absolute_path) == depth
        if is_whole and error.validator in ("type", "const", "enum"):
            shallow += 1
    return shallow, len(branch)


def _alternatives(error: Any) -> list[str]:
    """The names of which exactly one must be given; none where the branches of an error
    say anything else.
    """
    names: list[str] = []
    for branch in error.validator_value:
        if set(branch) != {"required"} or len(branch["required"]) != 1:
            return []
        names += branch["required"]
    return names


def _known(error: Any) -> list[str]:
    """The names that a schema allows in a group."""
    return list(error.schema.get("properties", ()))


def _unknown(error: Any) -> list[str]:
    """The names in a group that its schema does not allow."""
    if error.validator != "additionalProperties":
        return []
    return [name for name in error.instance if name not in _known(error)]


def _guess(name: str, known: Sequence[str]) -> list[str]:
    """The known name that somebody meant who wrote another one; nothing where none is
    near.
    """
    habit = habits.NAMES.get(name.lower(), "")
    for meant in (habit, name.partition(" ")[0]):
        if meant in known:
            return [meant]
    # a very long name would take long to compare
    return difflib.get_close_matches(name[:64], known, 1, _SIMILAR)


def _unknown_name(
    document: Document, pointer: Pointer, guess: Sequence[str], known: Sequence[str]
) -> Problem:
    """A name that a group may not have."""
    what = f"unknown name {quoted(pointer[-1])}{_within(pointer[:-1])}"
    fix = f"remove it, or use one of: {', '.join(known)}"
    if guess:
        fix = f"perhaps you meant `{guess[0]}`"
    if pointer == ("where",) and "audience" in known:
        fix = "indent it, so that it stands inside `audience`"
    return Problem(document.key_at(*pointer), "S001", what, fix)


def _split_number(
    document: Document, pointer: Pointer, group: Mapping[str, object]
) -> Problem | None:
    """`{gte: 1,000}`: in braces the comma ends the number, and `000` is a name."""
    name = pointer[-1]
    if not isinstance(name, str) or not re.fullmatch(r"\d{3}", name):
        return None
    names = list(group)
    before = names.index(name) - 1
    value = group[names[before]] if before >= 0 else None
    if group[name] is not None or not isinstance(value, int):
        return None
    what = f"`{value},{name}` in braces is the number {value} and a name {name}"
    at = document.at(*pointer[:-1], names[before])
    return Problem(at, "S001", what, f"write {value}{name}")


def _split_list(document: Document, pointer: Pointer, error: Any) -> Problem | None:
    """`{equals: DE, AT}`: in braces the comma ends the value, and `AT` is a name."""
    group, name = error.instance, pointer[-1]
    if not _is_bare(document, pointer):
        return None
    names = list(group)
    before = names[: names.index(name)]
    key = next((each for each in reversed(before) if group[each] is not None), "")
    schema = error.schema["properties"].get(key, {})
    instead = habits.LISTS.get(key)
    if instead is None and "array" in schema.get("type", ()):
        instead = key
    if instead is None or not isinstance(group[key], str):
        return None
    after = names[names.index(key) + 1 :]
    stray = list(takewhile(lambda each: group[each] is None, after))
    values = ", ".join([group[key], *stray])
    # what is no plain word, or long, may name people
    if not re.fullmatch(r"[^\W\d_]+(,? [^\W\d_]+){0,9}", values):
        values = "…, …"
    at = document.key_at(*pointer[:-1], stray[0])
    fix = f"for several values write `{instead}: [{values}]`"
    return Problem(at, "S001", "a comma begins a new name here", fix)


def _without_colon(
    document: Document, pointer: Pointer, guess: Sequence[str]
) -> Problem | None:
    """`{column country, in: [...]}`: in braces a name needs no colon, and no value."""
    name = str(pointer[-1])
    key, _, value = name.partition(" ")
    if key not in guess or not value or not _is_bare(document, pointer):
        return None
    at = document.key_at(*pointer)
    what = f"there is no colon in {quoted(name)}"
    return Problem(at, "S001", what, f"write `{key}: {value[:40]}`")


def _is_bare(document: Document, pointer: Pointer) -> bool:
    """True for a name without quotes that neither a colon nor a value follows."""
    at, name = document.key_at(*pointer), str(pointer[-1])
    line = document.source.split("\n")[at.line - 1][at.column - 1 :]
    rest = line.removeprefix(name).lstrip()
    return line.startswith(name) and rest[:1] in (",", "}")


def _within(pointer: Pointer) -> str:
    """Where a key stands, as the end of a sentence; nothing at the root."""
    if not pointer:
        return ""
    return f" in {_name(pointer)}"


def _explain(error: Any, document: Document, meant: set[Pointer]) -> Iterator[Problem]:
    """What a user is told of an error; nothing where another error says it."""
    pointer: Pointer = tuple(error.absolute_path)
    if error.validator == "required":
        yield from _missing(error, document, meant)
        return
    # unknown names are told by themselves
    if error.validator == "additionalProperties":
        return
    if _moot(error) or _misspelt(error, meant):
        return
    at = document.at(*pointer)
    written = document.written(at)
    if _may_be_whole(error) and not habits.has_thousands(written):
        return
    saying = _SAYINGS.get(error.validator, _not_allowed)
    code, what, fix = saying(error, _name(pointer))
    if _may_be_whole(error):
        what = f"{_name(pointer)} must be a whole number, but {written} has a decimal point"
        fix = f"write {habits.thousands(written)}, or {int(error.instance)}"
    if "propertyNames" in error.absolute_schema_path:
        at = document.key_at(*pointer, error.instance)
    yield Problem(at, code, what, fix)


def _may_be_whole(error: Any) -> bool:
    """True for a number such as 5.0 where a whole one is wanted: it is taken as 5, but
    not where it is written as 5.000.
    """
    value = error.instance
    is_whole = isinstance(value, float) and value.is_integer()
    return is_whole and error.validator == "type" and "integer" in error.validator_value


def _missing(error: Any, document: Document, meant: set[Pointer]) -> Iterator[Problem]:
    """Names that a group lacks; one that is there but misspelt is told elsewhere."""
    pointer: Pointer = tuple(error.absolute_path)
    for key in error.validator_value:
        if key in error.instance or (*pointer, key) in meant:
            continue
        example = _example(error.schema["properties"].get(key, {}))
        what = f"`{key}` is missing{_within(pointer)}"
        fix = f"add it, for example `{key}: {example}`"
        yield Problem(document.at(*pointer), MISSING, what, fix)


def _misspelt(error: Any, meant: set[Pointer]) -> bool:
    """True where a name that is asked for is there under a wrong one, which another
    error says.
    """
    names: list[str] = []
    if error.validator in _BRANCHING:
        names = _alternatives(error)
    if error.validator == "dependentRequired":
        names = [_needed(error)[1]]
    return any((*error.absolute_path, name) in meant for name in names)


def _moot(error: Any) -> bool:
    """True where names are asked of what is no group at all, which another error says."""
    if error.validator not in _BRANCHING or isinstance(error.instance, dict):
        return False
    return bool(_alternatives(error))


Saying = tuple[str, str, str]
"""Code, what, fix."""


def _wrong_type(error: Any, name: str) -> Saying:
    """A value of another type than the schema demands."""
    wanted = error.validator_value
    if isinstance(wanted, str):
        wanted = [wanted]
    given = error.instance
    must = f"must be {_any_of(wanted)}"
    # one type is said best by its name, of several the schema may know a better one
    if len(wanted) > 1:
        must = error.schema.get("patternErrorMessage") or must
    what = f"{name} {must}, but it is {_given(given)}"
    if given is None:
        return "S003", what, "fill it in, or remove the line"
    return "S003", what, _meant(error) or _cure(wanted[0], given, error.schema)


def _meant(error: Any) -> str:
    """What to write where the author's habit shows what was meant; empty elsewhere."""
    given, schema = error.instance, error.schema
    key = error.absolute_path[-1] if error.absolute_path else ""
    instead = habits.LISTS.get(key)
    if isinstance(given, list) and instead:
        # its values may name people, so they are not told
        return f"write `{instead}:` before this list"
    if isinstance(given, str) and _takes_numbers(error) and habits.meant_number(given):
        return habits.meant_number(given)
    if isinstance(given, int | float) and "equals" in schema.get("properties", ()):
        return f"write `{key}: {{equals: {quoted(given)}}}`"
    return _meant_time(given, schema.get("patternErrorMessage", ""))


def _meant_time(given: object, must: str) -> str:
    """What to write where a length of time, or a date, was written in another way."""
    if "h, d or w" in must and (length := habits.length(given)):
        return f"write {length}"
    if "a date such as" in must and (day := habits.day(given)):
        return f"write {day}"
    return ""


def _takes_numbers(error: Any) -> bool:
    wanted = error.validator_value
    if isinstance(wanted, str):
        wanted = [wanted]
    return not {"number", "integer"}.isdisjoint(wanted)


def _any_of(types: Sequence[str]) -> str:
    """Types in words: `text, a number or a list`."""
    *others, last = [_TYPES[kind] for kind in types]
    if not others:
        return last
    return f"{', '.join(others)} or {last}"


def _cure(wanted: str, given: object, schema: Any) -> str:
    """How to write a value of the type that is wanted."""
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
    """A value that is none of those which are allowed."""
    choices = error.validator_value
    if error.validator == "const":
        choices = [choices]
    names = [_plain(choice) for choice in choices]
    given = _given(error.instance)
    if len(names) == 1:
        what = f"{name} must be {names[0]}, but it is {given}"
        return "S004", what, f"write {names[0]}"
    what = f"{name} must be one of {', '.join(names)}, but it is {given}"
    guess = difflib.get_close_matches(quoted(error.instance).strip('"'), names, 1)
    if guess:
        return "S004", what, f"write {guess[0]}"
    return "S004", what, "choose one of them"


def _plain(choice: object) -> str:
    if isinstance(choice, str):
        return choice
    return json.dumps(choice)


def _wrong_form(error: Any, name: str) -> Saying:
    """A text, or a name, that does not match its pattern."""
    if "propertyNames" in error.absolute_schema_path:
        must = error.schema["patternErrorMessage"]
        return "S005", f"the name {quoted(error.instance)} {must}", "rename it"
    must = error.schema.get("patternErrorMessage", "has the wrong form")
    what = f"{name} {must}, but it is {_given(error.instance)}"
    fix = f"write for example {_example(error.schema)}"
    return "S005", what, _meant_time(error.instance, must) or fix


def _too_long(error: Any, name: str) -> Saying:
    """A text with too many characters."""
    length, most = len(error.instance), error.validator_value
    what = f"{name} is {length:,} characters long, over the limit of {most:,}"
    return "S006", what, "shorten it"


def _too_few(error: Any, name: str) -> Saying:
    """A list or a group with too few entries."""
    entries = f"{error.validator_value} entries"
    if error.validator_value == 1:
        entries = "1 entry"
    what = f"{name} must have at least {entries}, but has {len(error.instance)}"
    fix = "add one"
    first = next(iter(error.schema.get("examples", ())), None)
    if first:
        fix = f"add one, for example {_yaml(first)}"
    return "S006", what, fix


def _too_many(error: Any, name: str) -> Saying:
    """A list with too many entries."""
    limit = error.validator_value
    what = f"{name} must have at most {limit} entries, but has {len(error.instance)}"
    return "S006", what, f"write for example {_example(error.schema)}"


def _too_near(error: Any, name: str) -> Saying:
    """A number that may not be as low, or as high, as its limit itself."""
    side = "less"
    if error.validator == "exclusiveMinimum":
        side = "more"
    given = _given(error.instance)
    what = f"{name} must be {side} than {error.validator_value}, but it is {given}"
    return "S007", what, f"write for example {_example(error.schema)}"


def _too_small(error: Any, name: str) -> Saying:
    """A number below its least value."""
    given = _given(error.instance)
    what = f"{name} must be at least {error.validator_value}, but it is {given}"
    return "S007", what, f"write for example {_example(error.schema)}"


def _not_exactly_one(error: Any, name: str) -> Saying:
    """A group with none of its alternatives, or with several of them."""
    names = [f"`{key}`" for key in _alternatives(error)]
    given = [f"`{key}`" for key in _alternatives(error) if key in error.instance]
    what = f"{name} lacks {' or '.join(names)}"
    if given:
        what = f"{name} has {' and '.join(given)} at once"
    return "S008", what, f"give exactly one of {', '.join(names)}"


def _none_of(error: Any, name: str) -> Saying:
    """A group with none of its alternatives."""
    names = [f"`{key}`" for key in _alternatives(error)]
    what = f"{name} lacks {' or '.join(names)}"
    return "S008", what, f"give one of {', '.join(names)}"


def _excluded(error: Any, name: str) -> Saying:
    """A group with keys that must not stand beside each other."""
    names = [f"`{key}`" for key in error.validator_value["required"]]
    what = f"{name} has {' and '.join(names)} at once"
    return "S008", what, f"give exactly one of {', '.join(names)}"


def _repeated(error: Any, name: str) -> Saying:
    """A list with one entry twice."""
    items = error.instance
    twice = next(item for place, item in enumerate(items) if item in items[:place])
    return "S010", f"{name} has {quoted(twice)} twice", "keep one"


def _only_with(error: Any, name: str) -> Saying:
    """A key that needs another one, which is not there."""
    key, needed = _needed(error)
    what = f"`{key}` in {name} goes with `{needed}` only"
    return "S008", what, f"remove it, or use `{needed}`"


def _needed(error: Any) -> tuple[str, str]:
    """A key that is there, and the one that it needs."""
    rules = error.validator_value
    # one at a time: when it is mended, the next one is told
    key = next(key for key in rules if key in error.instance)
    return key, rules[key][0]


def _not_allowed(error: Any, name: str) -> Saying:
    """Whatever else a schema does not allow."""
    what = f"{name} is not allowed here ({error.validator})"
    return "S009", what, "see `cohorts schema` for what is"


_SAYINGS: dict[str, Callable[[Any, str], Saying]] = {
    "type": _wrong_type,
    "enum": _no_choice,
    "const": _no_choice,
    "pattern": _wrong_form,
    "maxLength": _too_long,
    "minProperties": _too_few,
    "minItems": _too_few,
    "maxItems": _too_many,
    "exclusiveMinimum": _too_near,
    "exclusiveMaximum": _too_near,
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
            if not value.strip():
                return "blank"
            # without a password in an address
            shown = re.sub("//[^/@]+@", "//…@", value[:200])
            return f"the text {quoted(shown)}"
        case list():
            return "a list"
        case _:
            return "a group of `name: value` lines"


def _name(pointer: Pointer) -> str:
    """A value as a message names it: `guards.max_added`."""
    shown = ""
    for step in pointer:
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            shown += f".{_word(step)}"
    shown = shown.removeprefix(".")
    if not shown:
        return "the file"
    if len(shown) > 80:
        shown = f"{shown[:79]}…"
    return f"`{shown}`"


def _example(schema: Any) -> str:
    """The schema's first two examples as YAML on one line."""
    return " or ".join(_yaml(example) for example in schema.get("examples", ())[:2])


def _word(step: str) -> str:
    if re.fullmatch(r"[\w-]+", step):
        return step
    return quoted(step)


def _yaml(example: object) -> str:
    """An example as YAML on one line: names need no quotes."""
    if isinstance(example, str):
        return example
    return re.sub(r'"([a-z_]+)":', r"\1:", json.dumps(example))
