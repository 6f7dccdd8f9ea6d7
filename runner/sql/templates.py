"""What an author wrote, rendered: the SQL and where each line of it came from, or what
is wrong and where.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import jinja2
from jinja2.exceptions import SecurityError

from runner.sql.budget import MAX_TEXT
from runner.sql.imports import MARK, MARK_END, MARKS, Unreadable
from runner.sql.jinja import FILTERS, TESTS, VALUE, VALUE_END, compiled, fresh
from runner.sql.library import EMPTY, FILE, Library
from runner.sql.literals import Refused
from runner.sql.tokens import Kind, tokens


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a template did not render, and at which line and column (from 1) of which
    file; nothing for the template itself. `missing`: the variable it lacks.
    """

    line: int
    column: int
    code: str
    what: str
    fix: str
    file: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered template. `pieces[i]` says for rendered line i (from 0) at which of
    its columns (from 0) text of which line (as the library numbers it) begins.
    """

    template: str
    library: Library
    text: str
    pieces: tuple[tuple[tuple[int, int], ...], ...]

    def locate(self, line: int, column: int) -> tuple[str, int, int]:
        """File (nothing for the template itself), line and column (from 1) of a place
        in the text; the column of a printed value is that of its `{{`, or 1.
        """
        row = min(max(line, 1), len(self.pieces)) - 1
        start, origin = next(
            piece
            for piece in reversed(self.pieces[row])
            if piece[0] <= max(column - 1, 0)
        )
        number, origin = divmod(origin, FILE)
        file, written = (
            self.library.name(number),
            self.library.text(number, self.template).split("\n")[origin - 1],
        )
        here = self.text.split("\n")[row]
        before = here[start : column - 1]
        end = next((piece for piece, _ in self.pieces[row] if piece > start), len(here))
        found = (
            _found(here[start:end], written, len(before))
            if start
            else written.find(before)
        )
        if found < 0 or (start == 0 and found > 0):
            return file, origin, max(written.find("{") + 1, 1)
        return file, origin, found + len(before) + 1


def _found(piece: str, written: str, offset: int) -> int:
    """Where a piece of a line stands in the line that it was written in, whose tags may
    hold words of it too; -1 where that is not clear for what is at this offset of it. A
    value printed in it ends what is looked for.
    """
    longest = range(len(piece), max(offset, 2), -1)
    clear = (length for length in longest if written.count(piece[:length]) == 1)
    length = next(clear, 0)
    return written.find(piece[:length]) if length else written.find(piece[:offset])


_UNQUOTE = "print it without quotes around it; for a pattern, join inside: {{ '%' ~ name ~ '%' }}"


def render(
    template: str, variables: Mapping[str, object], library: Library = EMPTY
) -> Rendered | Fault:
    """Render a cohort's SQL. Never raises for what an author wrote, never loops for
    ever, reads only `variables` and the macros of the library.
    """
    sandbox, source = fresh(library), Source(template, library)
    try:
        if any(
            mark in text
            for mark in (MARK, MARK_END, VALUE, VALUE_END)
            for text in library.texts_with(template)
        ):
            raise Refused(
                "T006",
                "private-use characters (U+E000 to U+E003) are refused",
                "take them out",
            )
        if "{" not in template:
            return _plain(source)
        code = compiled(template, library)
        marked = jinja2.Template.from_code(
            sandbox, code, sandbox.make_globals(None)
        ).render(dict(variables))
    except jinja2.TemplateSyntaxError as exc:
        return _syntax_fault(source, exc)
    except jinja2.UndefinedError as exc:
        return _undefined_fault(source, exc, variables)
    except Refused as exc:
        return _fault(source, _line(exc), exc.code, exc.what, exc.fix)
    except RecursionError as exc:
        return _fault(
            source,
            _line(exc),
            "T004",
            "the template calls itself too deeply",
            "make it simpler",
        )
    except SecurityError as exc:
        what = "the template reaches for something outside its variables"
        return _fault(
            source, _line(exc), "T005", what, "use variables, filters and macros only"
        )
    except (
        TypeError,
        ValueError,
        ZeroDivisionError,
        OverflowError,
        KeyError,
        jinja2.TemplateError,
    ) as exc:
        said = (
            re.sub(r"\b[\w.]+\(\) ", "it ", str(exc).split("\n")[0])
            or type(exc).__name__
        )
        what = f"the template fails: {said[:80]}"
        return _fault(
            source, _line(exc), "T007", what, "mend the expression on this line"
        )
    rendered = _unmarked(source, marked.replace(VALUE, "").replace(VALUE_END, ""))
    if len(rendered.text) > MAX_TEXT:
        return _fault(
            source,
            1,
            "T004",
            f"the template makes more than {MAX_TEXT:,} characters",
            "make it shorter",
        )
    return (
        _quoted_twice(rendered, MARKS.sub("", marked)) if VALUE in marked else None
    ) or rendered


@dataclass(frozen=True, slots=True)
class Source:
    """What is rendered: a template, and the library that it may import from."""

    template: str
    library: Library


def _plain(source: Source) -> Rendered:
    """A template without any template in it: every line is its own."""
    text = source.template
    return Rendered(
        text,
        source.library,
        text,
        tuple(((0, line),) for line in range(1, text.count("\n") + 2)),
    )


def _unmarked(source: Source, marked: str) -> Rendered:
    lines, pieces, origin = [], [], 1
    for line in marked.split("\n"):
        text, here = "", [(0, origin)]
        for number, part in enumerate(MARKS.split(line)):
            if number % 2:  # the number inside a mark
                origin = int(part)
                here = [
                    *(piece for piece in here if piece[0] < len(text)),
                    (len(text), origin),
                ]
            else:
                text += part
        lines.append(text)
        pieces.append(tuple(here))
    return Rendered(source.template, source.library, "\n".join(lines), tuple(pieces))


def _quoted_twice(rendered: Rendered, marked: str) -> Fault | None:
    """Where a printed text stands inside the author's own quotes, or leaves the comment
    that it stands in.
    """
    line, column = 1, 1
    for kind, piece in tokens(marked):
        inside, _, after = piece.partition(VALUE)
        if after and (
            kind in (Kind.TEXT, Kind.QUOTED)
            or (kind is Kind.COMMENT and VALUE_END not in after)
        ):
            before = inside.split("\n")
            place = (
                (line, column + len(inside))
                if len(before) == 1
                else (line + len(before) - 1, len(before[-1]) + 1)
            )
            what = "a text printed inside quotes or a comment ends them, since it brings its own quotes"
            file, line, column = rendered.locate(*place)
            return Fault(line, column, "T008", what, _UNQUOTE, file)
        if kind not in (Kind.TEXT, Kind.QUOTED) and piece in (VALUE, VALUE_END):
            continue
        text = piece.replace(VALUE, "").replace(VALUE_END, "")
        newlines = text.count("\n")
        line += newlines
        column = len(text) - text.rfind("\n") if newlines else column + len(text)
    return None


def _line(exc: BaseException) -> int:
    """The line (as the library numbers it) in a traceback that Jinja has rewritten; the
    innermost one.
    """
    if isinstance(exc, Unreadable):
        return exc.line
    found, trace = 1, exc.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _fault(
    source: Source,
    line: int,
    code: str,
    what: str,
    fix: str,
    *,
    near: str = "",
    missing: str = "",
) -> Fault:
    number, line = divmod(line, FILE)
    lines = source.library.text(number, source.template).split("\n")
    line = min(max(line, 1), len(lines))
    text = lines[line - 1]
    word = re.search(rf"\b{re.escape(near)}\b", text) if near else None
    tag = re.search(r"\{[{%]", text)
    found = word or tag
    column = found.start() + 1 if found else len(text) - len(text.lstrip()) + 1
    return Fault(line, column, code, what, fix, source.library.name(number), missing)


def _syntax_fault(source: Source, exc: jinja2.TemplateSyntaxError) -> Fault:
    message = (exc.message or "").rstrip(".")
    if named := re.fullmatch(r"No (filter|test) named '(\w+)'", message):
        allowed = ", ".join(
            sorted(FILTERS | {"identifier"} if named[1] == "filter" else TESTS)
        )
        what = f"there is no {named[1]} {named[2]!r} here"
        return _fault(
            source, exc.lineno, "T003", what, f"use one of: {allowed}", near=named[2]
        )
    if "which" in message:
        return _fault(
            source,
            exc.lineno,
            "T005",
            f"the template {message}",
            "write the SQL here, with variables",
        )
    return _fault(
        source,
        exc.lineno,
        "T002",
        f"the template cannot be read: {message[:120]}",
        "mend the {{ … }} or {% … %} there",
    )


def _undefined_fault(
    source: Source, exc: jinja2.UndefinedError, variables: Mapping[str, object]
) -> Fault:
    named = re.match(r"'(\w+)' is undefined", str(exc))
    if not named:
        asked = re.search(r"no (?:attribute|element) '?(\w+)", str(exc))
        what = (
            f"there is no {asked[1]!r} here"
            if asked
            else f"the template asks for what is not there: {str(exc)[:80]}"
        )
        return _fault(
            source,
            _line(exc),
            "T001",
            what,
            "correct the name, or define it under `vars`",
        )
    close = difflib.get_close_matches(named[1], variables, n=1)
    meant = f"did you mean `{close[0]}`? " if close else ""
    fix = f"{meant}define it under `vars` in cohorts/project.yml, or correct the name"
    return _fault(
        source,
        _line(exc),
        "T001",
        f"there is no variable {named[1]!r}",
        fix,
        near=named[1],
        missing=named[1],
    )
