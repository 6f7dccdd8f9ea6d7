"""Function calls, with what may stand in and after their parentheses."""

from __future__ import annotations

from runner.trino.cursor import NAMES, TEXTS, Cursor, SyntaxRefused
from runner.trino.lexer import BINARY, DECIMAL, DOUBLE, INTEGER, TEXT, UNICODE_TEXT
from runner.trino.tree import (
    Call,
    Column,
    Expression,
    Expressions,
    Identifier,
    Identifiers,
    Lambda,
    Nulls,
    Row,
    SortItems,
    Text,
    TypedText,
    Window,
)
from runner.trino.windows import over, sort_items

_MODES = ("RUNNING", "FINAL")
_BEGINS_VALUE = (
    NAMES
    | {"(", "+", "-", INTEGER, DECIMAL, DOUBLE, TEXT, UNICODE_TEXT, BINARY}
    | {"CASE", "CAST", "EXISTS", "EXTRACT", "GROUPING", "LISTAGG", "NORMALIZE", "TRIM"}
    | {"FALSE", "NOT", "NULL", "TRUE"}
    | {"JSON_ARRAY", "JSON_EXISTS", "JSON_OBJECT", "JSON_QUERY", "JSON_VALUE"}
    | {
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_PATH",
        "CURRENT_SCHEMA",
        "CURRENT_USER",
    }
    | {"CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"}
)

# How many arguments Trino's parser itself wants: at least, and at most (0: any number),
# and what it says otherwise.
_COUNTS = {
    "if": (2, 3, "Invalid number of arguments for 'if' function"),
    "nullif": (2, 2, "Invalid number of arguments for 'nullif' function"),
    "coalesce": (2, 0, "The 'coalesce' function must have at least two arguments"),
    "try": (1, 1, "The 'try' function must have exactly one argument"),
    "format": (2, 0, "The 'format' function must have at least two arguments"),
}


def begins_call(cursor: Cursor) -> bool:
    """True at `a.b(`, RUNNING or FINAL before it included."""
    return _name_and_parenthesis(cursor, 0) or _begins_mode(cursor)


def _begins_mode(cursor: Cursor) -> bool:
    """True at `RUNNING a.b(`. RUNNING and FINAL are names too."""
    if cursor.kind not in _MODES or cursor.ahead() not in NAMES:
        return False
    return _name_and_parenthesis(cursor, 1)


def _name_and_parenthesis(cursor: Cursor, by: int) -> bool:
    """True where `a.b(` begins this many tokens later."""
    by += 1
    while cursor.ahead(by) == "." and cursor.ahead(by + 1) in NAMES:
        by += 2
    return cursor.ahead(by) == "("


def begins_no_value(cursor: Cursor) -> bool:
    """True where no expression can begin."""
    return cursor.kind not in _BEGINS_VALUE


def named(cursor: Cursor) -> Expression:
    """What begins with a name: a column, a call, a lambda, or a typed text such as DATE
    '2026-01-31'.
    """
    if begins_call(cursor):
        return call(cursor)
    at = cursor.at
    name = cursor.identifier()
    kind = cursor.kind
    if kind in TEXTS:
        return _typed_text(cursor, name)
    if kind == "->":
        cursor.advance()
        body = cursor.expression()
        return Lambda(at, cursor.end, (name,), body)
    if kind == "OVER" and _begins_window(cursor):
        told = "mismatched input 'OVER'. Expecting: '('"
        why = "a window function is called, as in rank() OVER (…)"
        raise SyntaxRefused(cursor.at, f"{told}: {why}")
    return Column(at, cursor.end, name)


def _typed_text(cursor: Cursor, name: Identifier) -> Expression:
    """The rest of DATE '2026-01-31' and its like, whose name was read already."""
    if name.key == "x" and not name.quoted:
        message = (
            "Spaces are not allowed between 'X' and the starting quote"
            " of a binary literal"
        )
        raise SyntaxRefused(name.at, message)
    value = cursor.text()
    return TypedText(name.at, cursor.end, name.key, value)


def set_quantifier(cursor: Cursor) -> bool:
    """Go past DISTINCT or ALL; true for DISTINCT. ALL is a name too: `f(all, 1)`."""
    if cursor.take("DISTINCT"):
        return True
    if cursor.kind == "ALL" and cursor.ahead() in _BEGINS_VALUE:
        cursor.advance()
    return False


def call(cursor: Cursor) -> Expression:
    """`name(arguments)` and what follows it."""
    at = cursor.at
    mode = ""
    if _begins_mode(cursor):
        mode = cursor.expect_any(_MODES)
    name = cursor.qualified_name()
    cursor.expect("(")
    if _begins_star(cursor):
        return _star(cursor, at, name)
    distinct = set_quantifier(cursor)
    arguments: Expressions = ()
    if distinct or cursor.kind not in (")", "ORDER"):
        arguments = cursor.list_of(cursor.expression)
    return _after(cursor, at, name, arguments, distinct=distinct, mode=mode)


def _begins_star(cursor: Cursor) -> bool:
    """True at `*`, and at `label.*`."""
    if cursor.kind in NAMES:
        return cursor.ahead() == "." and cursor.ahead(2) == "*"
    return cursor.kind == "*"


def call_from(cursor: Cursor, mark: tuple[int, int], first: Expression) -> Expression:
    """The call that begins at `mark`, whose name is one word, and whose first argument
    was read already.
    """
    # the call begins at its name, which is read again for its place and its quotes
    here = cursor.mark()
    cursor.back_to(mark)
    at = cursor.at
    name = cursor.identifier()
    cursor.back_to(here)
    arguments: Expressions = cursor.list_of(cursor.expression, first)
    return _after(cursor, at, (name,), arguments, distinct=False, mode="")


def _star(cursor: Cursor, at: int, name: Identifiers) -> Expression:
    """`count(*)`, or `count(label.*)` of a row pattern."""
    arguments: Expressions = ()
    if cursor.kind != "*":
        label = cursor.identifier()
        arguments = (Column(label.at, label.end, label),)
        cursor.expect(".")
    cursor.expect_all("*", ")")
    condition = _filter(cursor)
    window = _window(cursor)
    found = Call(
        at, cursor.end, name, arguments, star=True, filter=condition, window=window
    )
    _check(found, "")
    return found


def _after(
    cursor: Cursor,
    at: int,
    name: Identifiers,
    arguments: Expressions,
    *,
    distinct: bool,
    mode: str,
) -> Expression:
    """The call, whose arguments were read: its ORDER BY, `)`, FILTER, IGNORE NULLS and OVER."""
    order_by: SortItems = ()
    if cursor.kind == "ORDER":
        order_by = sort_items(cursor)
    cursor.expect(")", ",")
    condition = _filter(cursor)
    nulls = Nulls.UNSAID
    if cursor.kind in ("IGNORE", "RESPECT") and cursor.ahead() == "NULLS":
        nulls = Nulls(cursor.kind.lower())
        cursor.expect_all(cursor.kind, "NULLS")
        # only a window function treats nulls, so OVER must follow
        window: Window | None = over(cursor)
    else:
        window = _window(cursor)
    found = Call(
        at,
        cursor.end,
        name,
        arguments,
        distinct=distinct,
        order_by=order_by,
        filter=condition,
        window=window,
        nulls=nulls,
    )
    if _is_row(found, mode):
        return Row(at, cursor.end, arguments)
    _check(found, mode)
    return found


def _is_row(found: Call, mode: str) -> bool:
    """True for ROW(a, b), which is a value of its own; ROW(DISTINCT a) and the like
    would be a function.
    """
    name = found.name[0]
    if len(found.name) > 1 or name.quoted or name.key != "row":
        return False
    if mode or found.distinct or found.order_by or not found.arguments:
        return False
    return found.filter is None and found.window is None


def _check(found: Call, mode: str) -> None:
    """What Trino's parser itself asks of IF, NULLIF, COALESCE, TRY and FORMAT."""
    name = ".".join(part.key for part in found.name)
    if name not in _COUNTS:
        return
    least, most, message = _COUNTS[name]
    count = len(found.arguments)
    if count < least or (most and count > most):
        raise SyntaxRefused(found.at, message)
    barred = {
        "OVER clause": found.window is not None,
        "DISTINCT": found.distinct,
        "Null treatment clause": found.nulls is not Nulls.UNSAID,
        "Running or final semantics": mode != "",
        "FILTER": found.filter is not None,
    }
    for what, stands_here in barred.items():
        if stands_here:
            raise SyntaxRefused(found.at, f"{what} not valid for '{name}' function")


def _filter(cursor: Cursor) -> Expression | None:
    """`FILTER (WHERE …)`, where it stands here. FILTER is a name too."""
    if not cursor.take_all("FILTER", "("):
        return None
    cursor.expect("WHERE")
    condition = cursor.expression()
    cursor.expect(")")
    return condition


def _window(cursor: Cursor) -> Window | None:
    """OVER and its window, where it stands here. OVER is a name too."""
    if not _begins_window(cursor):
        return None
    return over(cursor)


def _begins_window(cursor: Cursor) -> bool:
    """True at `OVER (`, and at `OVER name`."""
    if cursor.kind != "OVER":
        return False
    return cursor.ahead() == "(" or cursor.ahead() in NAMES


def listagg(cursor: Cursor) -> Expression:
    """LISTAGG(value, separator) WITHIN GROUP (ORDER BY …)."""
    at = cursor.at
    name_end = cursor.at + len("LISTAGG")
    name = Identifier(at, name_end, cursor.sql[at:name_end])
    cursor.expect_all("LISTAGG", "(")
    distinct = set_quantifier(cursor)
    arguments = [cursor.expression()]
    if cursor.take(","):
        separator_at = cursor.at
        separator = cursor.text()
        arguments.append(Text(separator_at, cursor.end, separator))
    if cursor.take("ON"):
        _overflow(cursor)
    cursor.expect(")")
    cursor.expect_all("WITHIN", "GROUP", "(")
    if cursor.kind != "ORDER":
        raise cursor.mismatch("ORDER")
    order_by = sort_items(cursor)
    cursor.expect(")")
    return Call(
        at,
        cursor.end,
        (name,),
        tuple(arguments),
        distinct=distinct,
        order_by=order_by,
    )


def _overflow(cursor: Cursor) -> None:
    """ON OVERFLOW ERROR, or TRUNCATE ['…'] WITH COUNT."""
    cursor.expect("OVERFLOW")
    if cursor.expect_any(("ERROR", "TRUNCATE")) == "ERROR":
        return
    if cursor.at_text():
        cursor.text()
    cursor.expect_any(("WITH", "WITHOUT"))
    cursor.expect("COUNT")
