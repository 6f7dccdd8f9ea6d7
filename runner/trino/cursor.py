"""A place in a statement's tokens, from which the grammar's rules read on; and how a
statement is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from runner.trino import lexer
from runner.trino.lexer import (
    BACKQUOTED,
    DIGITS_FIRST,
    END,
    NAME,
    QUOTED,
    TEXT,
    UNICODE_TEXT,
    UNKNOWN,
    Tokens,
)
from runner.trino.tree import Expression, Identifier, Identifiers, Query, ScalarQuery
from runner.trino.unicode import NotDecoded, decoded
from runner.trino.words import NOT_RESERVED

NAMES = NOT_RESERVED | {NAME, QUOTED, BACKQUOTED, DIGITS_FIRST}
TEXTS = (TEXT, UNICODE_TEXT)
SETS = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_Read = TypeVar("_Read")

QUERIES = frozenset({"SELECT", "VALUES", "TABLE", "WITH"})

# A value inside a value, a query inside a query: Trino itself ends with a stack
# overflow somewhere after this.
DEEPEST = 3_000

# How often all of a statement may be read in another way, since what it means shows late:
# `trim(both(trim(both(…))))` would double at every level.
AGAIN = 20


class SyntaxRefused(Exception):
    """What is written is no statement of Trino 423: `at` is the offset of the token
    that does not fit.
    """

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


Reader = Callable[["Cursor"], Expression]
"""What reads an expression that begins at the cursor."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The rules to which others come back: a value holds queries, and a query holds values."""

    expression: Reader
    condition_from: Callable[[Cursor, int, Expression], Expression]
    """The rest of an expression that began at the offset; its first value was read already."""
    value: Reader
    query: Callable[[Cursor], Query]
    query_from: Callable[[Cursor, int, Query], Query]
    """The rest of a query whose first part, which began at the offset, stands in
    parentheses and was read already.
    """


class Cursor:
    """The token that comes next.

    It is the one value here that changes, while a statement is read.
    """

    __slots__ = (
        "_again",
        "_deep",
        "_ends",
        "_kinds",
        "_starts",
        "at",
        "end",
        "grammar",
        "index",
        "kind",
        "next_clauses",
        "sql",
    )

    def __init__(self, tokens: Tokens, grammar: Grammar) -> None:
        self.sql = tokens.sql
        self.grammar = grammar
        self._kinds = tokens.kinds
        self._starts = tokens.starts
        self._ends = tokens.ends
        self._deep = 0
        self._again = 0
        self.index = 0
        self.kind = tokens.kinds[0]
        """The kind of the token that comes next."""
        self.at = tokens.starts[0]
        """Where it begins."""
        self.end = 0
        """Where the token before it ended."""
        self.next_clauses: tuple[str, ...] = ()
        """What could also have followed here, for the message when something else does."""

    # going on

    def advance(self) -> None:
        """Go past the token."""
        index = self.index
        self.end = self._ends[index]
        self.index = index = min(index + 1, len(self._kinds) - 1)
        self.kind = self._kinds[index]
        self.at = self._starts[index]

    def mark(self) -> tuple[int, int]:
        """This place, for `back_to`."""
        return self.index, self._deep

    def back_to(self, mark: tuple[int, int]) -> None:
        """Go back to a place: what follows is read in another way."""
        index, self._deep = mark
        # each level of nesting that is read in two ways doubles the work
        self._again += max(self.index - index, 0)
        if self._again > AGAIN * len(self._kinds):
            raise SyntaxRefused(
                self._starts[index],
                "nested too deeply to be read; write it more simply",
            )
        self.index = index
        self.kind = self._kinds[index]
        self.at = self._starts[index]
        self.end = 0
        if index:
            self.end = self._ends[index - 1]

    def ahead(self, by: int = 1) -> str:
        """The kind of a later token; after the last one it is the statement's end."""
        index = self.index + by
        if index < len(self._kinds):
            return self._kinds[index]
        return END

    def take(self, kind: str) -> bool:
        """Go past the token if it is of this kind."""
        if self.kind != kind:
            return False
        self.advance()
        return True

    def take_any(self, kinds: tuple[str, ...]) -> str:
        """Go past the token if it is of one of these kinds; which of them it was, or ""
        for none.
        """
        kind = self.kind
        if kind not in kinds:
            return ""
        self.advance()
        return kind

    def expect(self, kind: str, *instead: str) -> None:
        """Go past a token that must be of this kind. `instead` is what could have stood
        here too, for the message.
        """
        if self.kind != kind:
            raise self.mismatch(kind, *instead)
        self.advance()

    def expect_any(self, kinds: tuple[str, ...]) -> str:
        """Go past a token that must be of one of these kinds; which of them it was."""
        kind = self.kind
        if kind not in kinds:
            raise self.mismatch(*kinds)
        self.advance()
        return kind

    def expect_all(self, *kinds: str) -> None:
        """Go past tokens that must be of these kinds, one after another."""
        for kind in kinds:
            self.expect(kind)

    def at_all(self, first: str, *others: str) -> bool:
        """True if the next tokens are of these kinds, one after another."""
        # nearly every call ends here, so this comes before the loop is made
        if self.kind != first:
            return False
        return all(self.ahead(by) == kind for by, kind in enumerate(others, 1))

    def take_all(self, *kinds: str) -> bool:
        """Go past the next tokens if they are of these kinds, one after another."""
        if not self.at_all(*kinds):
            return False
        for _ in kinds:
            self.advance()
        return True

    def at_text(self) -> bool:
        """True at a text, which is written 'text' or U&'text'."""
        return self.kind in TEXTS

    def deepen(self) -> None:
        """Enter what may hold another of its own kind."""
        self._deep += 1
        if self._deep > DEEPEST:
            raise SyntaxRefused(self.at, f"nested too deep: more than {DEEPEST} levels")

    def rise(self) -> None:
        """Leave it."""
        self._deep -= 1

    # the rules to which others come back

    def expression(self) -> Expression:
        """A condition or a value."""
        return self.grammar.expression(self)

    def condition_from(self, at: int, value: Expression) -> Expression:
        """The rest of an expression that began at `at` and whose first value was read already."""
        return self.grammar.condition_from(self, at, value)

    def value(self) -> Expression:
        """A value: what stands on either side of a comparison."""
        return self.grammar.value(self)

    def query(self) -> Query:
        """A query, from its WITH to its LIMIT."""
        return self.grammar.query(self)

    def rest_of_query(self, at: int, first: Expression) -> Query | None:
        """The query that began at `at` with `(query)`, read as a value until it went
        on; None where it is a value.
        """
        if not isinstance(first, ScalarQuery):
            return None
        # `(query) + 1` is a value that merely begins with a query
        if first.at != at or first.end != self.end:
            return None
        if first.query.with_ is not None or not self.goes_on_as_query():
            return None
        return self.grammar.query_from(self, at, first.query)

    def query_in_parentheses(self) -> Query:
        """`(query)`."""
        self.expect("(")
        query = self.query()
        self.expect(")")
        return query

    def list_of(
        self, read: Callable[[], _Read], first: _Read | None = None
    ) -> tuple[_Read, ...]:
        """One or more, with commas between; `first` if it was read already."""
        found = [read() if first is None else first]
        while self.kind == ",":
            self.advance()
            found.append(read())
        return tuple(found)

    def goes_on_as_query(self) -> bool:
        """True if what follows `(query)` can only be the rest of a longer query."""
        if self.kind in SETS or self.kind == "ORDER":
            return True
        return self.begins_limit()

    def begins_limit(self) -> bool:
        """True at LIMIT, OFFSET or FETCH where it is a clause and not a name."""
        match self.kind:
            case "LIMIT":
                return self.ahead() in (lexer.INTEGER, "ALL", "?")
            case "OFFSET":
                return self.ahead() in (lexer.INTEGER, "?")
            case "FETCH":
                return self.ahead() in ("FIRST", "NEXT")
            case _:
                return False

    # names and texts

    def identifier(self) -> Identifier:
        """A name."""
        kind = self.kind
        at = self.at
        if kind not in NAMES:
            raise self.mismatch("<identifier>")
        self.advance()
        if kind == QUOTED:
            name = self.sql[at + 1 : self.end - 1].replace('""', '"')
            if not name:
                raise SyntaxRefused(at, "Zero-length delimited identifier not allowed")
            return Identifier(at, self.end, name, quoted=True)
        if kind == BACKQUOTED:
            message = (
                "backquoted identifiers are not supported;"
                " use double quotes to quote identifiers"
            )
            raise SyntaxRefused(at, message)
        if kind == DIGITS_FIRST:
            message = (
                "identifiers must not start with a digit;"
                " surround the identifier with double quotes"
            )
            raise SyntaxRefused(at, message)
        return Identifier(at, self.end, self.sql[at : self.end])

    def qualified_name(self) -> Identifiers:
        """`a.b.c`."""
        names = [self.identifier()]
        while self.take("."):
            names.append(self.identifier())
        return tuple(names)

    def names_in_parentheses(self) -> Identifiers:
        """`(a, b)`."""
        self.expect("(")
        names = self.list_of(self.identifier)
        self.expect(")")
        return names

    def text(self) -> str:
        """The value of 'text', or of U&'text' [UESCAPE 'x']."""
        at = self.at
        kind = self.expect_any(TEXTS)
        if kind == TEXT:
            return self._between_quotes(at)
        written = self._between_quotes(at + len("U&"))
        escape = "\\"
        if self.take("UESCAPE"):
            escape_at = self.at
            self.expect(TEXT)
            escape = self._between_quotes(escape_at)
        try:
            return decoded(written, escape)
        except NotDecoded as error:
            raise SyntaxRefused(at, str(error)) from error

    def _between_quotes(self, at: int) -> str:
        """The text whose first quote is at `at`, and whose second one was read last."""
        written = self.sql[at + 1 : self.end - 1]
        return written.replace("''", "'")

    # refusing

    def mismatch(self, *expected: str) -> SyntaxRefused:
        """The refusal of the token that comes next, in Trino's words, without what may
        be a member's identifier.
        """
        at = self.at
        kind = self.kind
        if kind == UNKNOWN and self.sql[at] in "'\"`":
            quote = self.sql[at]
            told = "the quote that opens here is never closed"
            return SyntaxRefused(at, f"mismatched input '{quote}': {told}")
        if kind == "/*":
            told = "the comment that opens here is never closed"
            return SyntaxRefused(at, f"mismatched input '/*': {told}")
        # what is both is listed once, in the place of its first
        wanted = dict.fromkeys((*expected, *self.next_clauses))
        listed = ", ".join(map(_quoted, wanted))
        message = f"mismatched input '{self._shown()}'. Expecting: {listed}"
        return SyntaxRefused(at, message)

    def _shown(self) -> str:
        """The token as a message may show it: a text could be a member's identifier."""
        written = self.sql[self.at : self._ends[self.index]]
        match self.kind:
            case lexer.END:
                return "<EOF>"
            case lexer.TEXT | lexer.UNICODE_TEXT | lexer.BINARY:
                return "'…'"
            case lexer.QUOTED:
                return '"…"'
            case lexer.BACKQUOTED | lexer.DIGITS_FIRST:
                return "…"
            case lexer.INTEGER | lexer.DECIMAL | lexer.DOUBLE if len(written) > 1:
                return "…"
            case _:
                return written


def _quoted(kind: str) -> str:
    """A kind in quotes, as Trino lists it; `<identifier>` and its like have none."""
    if kind.startswith("<"):
        return kind
    return f"'{kind}'"
