"""Functions of JSON that have a grammar of their own, such as JSON_VALUE and JSON_OBJECT."""

from __future__ import annotations

from runner.trino.cursor import NAMES, Cursor, Reader
from runner.trino.tree import Expression, Expressions, JsonCall, TypeName
from runner.trino.typenames import read_type

# What ON EMPTY and ON ERROR say, in this order; each may be left out.
_OCCASIONS = (("EMPTY", "ERROR"), ("ERROR",))
# After these, KEY is the name of a column or of a function.
_AFTER_NAME = ("VALUE", ":", ".", "[", "(", "->")


def path_invocation(cursor: Cursor) -> tuple[Expressions, str]:
    """`value, 'path' PASSING a AS b`: the values in it, and the path."""
    values = [_json_value(cursor)]
    cursor.expect(",")
    path = cursor.text()
    if cursor.take("AS"):
        cursor.identifier()
    if cursor.take("PASSING"):
        values.extend(cursor.list_of(lambda: _argument(cursor)))
    return tuple(values), path


def _argument(cursor: Cursor) -> Expression:
    """`a AS b` in PASSING: the value in it."""
    value = _json_value(cursor)
    cursor.expect("AS")
    cursor.identifier()
    return value


def _json_value(cursor: Cursor) -> Expression:
    """A value, with the FORMAT JSON after it."""
    value = cursor.expression()
    json_format(cursor)
    return value


def json_format(cursor: Cursor) -> bool:
    """FORMAT JSON, where it stands here."""
    if not cursor.take("FORMAT"):
        return False
    cursor.expect("JSON")
    if cursor.take("ENCODING"):
        cursor.expect_any(("UTF8", "UTF16", "UTF32"))
    return True


def _returning(cursor: Cursor, *, formatted: bool) -> TypeName | None:
    """`RETURNING type`, where it stands here. `formatted`: FORMAT JSON may follow."""
    if not cursor.take("RETURNING"):
        return None
    found = read_type(cursor)
    if formatted:
        json_format(cursor)
    return found


def value_behaviours(cursor: Cursor) -> Expressions:
    """`NULL ON EMPTY DEFAULT 1 ON ERROR`: the defaults in it."""
    found: list[Expression] = []
    for which in _OCCASIONS:
        kind = cursor.take_any(("ERROR", "NULL", "DEFAULT"))
        if not kind:
            break
        if kind == "DEFAULT":
            found.append(cursor.expression())
        cursor.expect("ON")
        if cursor.expect_any(which) == "ERROR":
            break
    return tuple(found)


def query_behaviours(cursor: Cursor) -> None:
    """`EMPTY ARRAY ON EMPTY NULL ON ERROR`."""
    for which in _OCCASIONS:
        kind = cursor.take_any(("ERROR", "NULL", "EMPTY"))
        if not kind:
            break
        if kind == "EMPTY":
            cursor.expect_any(("ARRAY", "OBJECT"))
        cursor.expect("ON")
        if cursor.expect_any(which) == "ERROR":
            break


def wrapper_and_quotes(cursor: Cursor) -> None:
    """WITH CONDITIONAL ARRAY WRAPPER, and KEEP QUOTES ON SCALAR STRING."""
    _wrapper(cursor)
    if not cursor.take_any(("KEEP", "OMIT")):
        return
    cursor.expect("QUOTES")
    if cursor.take("ON"):
        cursor.expect_all("SCALAR", "STRING")


def _wrapper(cursor: Cursor) -> None:
    """WITH or WITHOUT ARRAY WRAPPER, where it stands here."""
    kind = cursor.take_any(("WITH", "WITHOUT"))
    if not kind:
        return
    if kind == "WITH":
        cursor.take_any(("CONDITIONAL", "UNCONDITIONAL"))
    cursor.take("ARRAY")
    cursor.expect("WRAPPER")


def _begin(cursor: Cursor) -> tuple[int, str]:
    """Go past the name of a function and its parenthesis; where it began, and the name."""
    at = cursor.at
    name = cursor.kind.lower()
    cursor.advance()
    cursor.expect("(")
    return at, name


def _json_exists(cursor: Cursor) -> Expression:
    """`JSON_EXISTS(value, 'path' TRUE ON ERROR)`."""
    at, name = _begin(cursor)
    arguments, path = path_invocation(cursor)
    if cursor.take_any(("TRUE", "FALSE", "UNKNOWN", "ERROR")):
        cursor.expect_all("ON", "ERROR")
    cursor.expect(")")
    return JsonCall(at, cursor.end, name, arguments, path)


def _json_value_call(cursor: Cursor) -> Expression:
    """`JSON_VALUE(value, 'path' RETURNING type NULL ON EMPTY)`."""
    at, name = _begin(cursor)
    arguments, path = path_invocation(cursor)
    returning = _returning(cursor, formatted=False)
    arguments += value_behaviours(cursor)
    cursor.expect(")")
    return JsonCall(at, cursor.end, name, arguments, path, returning)


def _json_query(cursor: Cursor) -> Expression:
    """`JSON_QUERY(value, 'path' WITH WRAPPER)`."""
    at, name = _begin(cursor)
    arguments, path = path_invocation(cursor)
    returning = _returning(cursor, formatted=True)
    wrapper_and_quotes(cursor)
    query_behaviours(cursor)
    cursor.expect(")")
    return JsonCall(at, cursor.end, name, arguments, path, returning)


def _ends(cursor: Cursor) -> bool:
    """True where no values are given. RETURNING is a name too: `JSON_ARRAY(returning)`."""
    if cursor.kind == "RETURNING" and cursor.ahead() in NAMES:
        return cursor.ahead() != "VALUE" or cursor.ahead(2) == ")"
    return cursor.kind == ")"


def _json_object(cursor: Cursor) -> Expression:
    """`JSON_OBJECT('a' VALUE 1, 'b': 2 NULL ON NULL)`."""
    at, name = _begin(cursor)
    arguments: list[Expression] = []
    if not _ends(cursor):
        cursor.list_of(lambda: _member(cursor, arguments))
        _on_null(cursor)
        if cursor.take_any(("WITH", "WITHOUT")):
            cursor.expect("UNIQUE")
            cursor.take("KEYS")
    returning = _returning(cursor, formatted=True)
    cursor.expect(")")
    return JsonCall(at, cursor.end, name, tuple(arguments), "", returning)


def _member(cursor: Cursor, arguments: list[Expression]) -> None:
    """`KEY 'a' VALUE 1`, `'a' VALUE 1` or `'a': 1`. KEY is a name too: `key VALUE 1`."""
    mark = cursor.mark()
    says_key = cursor.kind == "KEY" and cursor.ahead() not in _AFTER_NAME
    if says_key:
        cursor.advance()
    key = cursor.expression()
    if says_key and cursor.kind == ":":
        # here KEY was a type's name: `key 'a' : 1`
        cursor.back_to(mark)
        key = cursor.expression()
    arguments.append(key)
    cursor.expect_any(("VALUE", ":"))
    arguments.append(_json_value(cursor))


def _json_array(cursor: Cursor) -> Expression:
    """`JSON_ARRAY(1, 2 ABSENT ON NULL)`."""
    at, name = _begin(cursor)
    arguments: Expressions = ()
    if not _ends(cursor):
        arguments = cursor.list_of(lambda: _json_value(cursor))
        _on_null(cursor)
    returning = _returning(cursor, formatted=True)
    cursor.expect(")")
    return JsonCall(at, cursor.end, name, arguments, "", returning)


def _on_null(cursor: Cursor) -> None:
    """`NULL ON NULL`, or `ABSENT ON NULL`, where it stands here."""
    if cursor.take_any(("NULL", "ABSENT")):
        cursor.expect_all("ON", "NULL")


JSON_READERS: dict[str, Reader] = {
    "JSON_EXISTS": _json_exists,
    "JSON_VALUE": _json_value_call,
    "JSON_QUERY": _json_query,
    "JSON_OBJECT": _json_object,
    "JSON_ARRAY": _json_array,
}
