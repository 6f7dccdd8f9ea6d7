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


Pieces = tuple[tuple[int, int], ...]
"""Where the pieces of a rendered line begin, each with the line that it came from."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered template. `pieces[i]` says for rendered line i (from 0) at which of
    its columns (from 0) text of which line (as the library numbers it) begins.
    """

    template: str
    library: Library
    text: str
    pieces: tuple[Pieces, ...]

    def locate(self, line: int, column: int) -> tuple[str, int, int]:
        """File (nothing for the template itself), line and column (from 1) of a place
        in the text; the column of a printed value is that of its `{{`, or 1.
        """
        row = min(max(line, 1), len(self.pieces)) - 1
        here = self.text.split("\n")[row]
        start, end, origin = self._piece(row, column, len(here))
        file, origin, written = self._written(origin)
        before = here[start : column - 1]
        found = written.find(before)
        if start > 0:
            piece = here[start:end]
            found = _found(piece, written, len(before))
        # what was not written there, or not from the beginning on, was printed
        was_printed = found < 0 or (start == 0 and found > 0)
        if was_printed:
            tag = written.find("{") + 1
            return file, origin, max(tag, 1)
        return file, origin, found + len(before) + 1

    def _written(self, origin: int) -> tuple[str, int, str]:
        """A line (as the library numbers it) as it was written: its file, its number
        there, and its text.
        """
        number, line = divmod(origin, FILE)
        text = self.library.text(number, self.template)
        lines = text.split("\n")
        return self.library.name(number), line, lines[line - 1]

    def _piece(self, row: int, column: int, length: int) -> tuple[int, int, int]:
        """Where (from 0) the piece of a line begins and ends that has a column (from 1),
        and the line that it came from. `length` is that of the whole line.
        """
        pieces = self.pieces[row]
        start, origin = pieces[0]
        for place, line in pieces:
            if place <= max(column - 1, 0):
                start = place
                origin = line
        later = [place for place, _ in pieces if place > start]
        return start, min(later, default=length), origin


def _found(piece: str, written: str, offset: int) -> int:
    """Where a piece of a line stands in the line that it was written in, whose tags may
    hold words of it too; -1 where that is not clear for what is at this offset of it. A
    value printed in it ends what is looked for.
    """
    for length in range(len(piece), max(offset, 2), -1):
        if written.count(piece[:length]) == 1:
            return written.find(piece[:length])
    return written.find(piece[:offset])


_UNQUOTE = (
    "print it without quotes around it; "
    "for a pattern, join inside: {{ '%' ~ name ~ '%' }}"
)

_FAILURES = (
    TypeError,
    ValueError,
    ZeroDivisionError,
    OverflowError,
    KeyError,
    jinja2.TemplateError,
)
"""What an expression of a template can raise."""


def render(
    template: str, variables: Mapping[str, object], library: Library = EMPTY
) -> Rendered | Fault:
    """Render a cohort's SQL. Never raises for what an author wrote, never loops for
    ever, reads only `variables` and the macros of the library.
    """
    source = Source(template, library)
    if _has_marks(source):
        what = (
            "the template or a value has a character between U+E000 and U+E003,"
            " which Cohort Runner uses for itself"
        )
        return _fault(source, 1, "T006", what, "take them out")
    # most SQL has no template in it, and needs no rendering
    if "{" not in template:
        return _plain(source)
    marked = _marked(source, variables)
    if isinstance(marked, Fault):
        return marked
    rendered = _unmarked(source, _without_values(marked))
    if len(rendered.text) > MAX_TEXT:
        what = f"the template makes more than {MAX_TEXT:,} characters"
        return _fault(source, 1, "T004", what, "make it shorter")
    if VALUE in marked:
        fault = _quoted_twice(rendered, MARKS.sub("", marked))
        if fault:
            return fault
    return rendered


def _without_values(marked: str) -> str:
    """A text without the marks around printed values."""
    return marked.replace(VALUE, "").replace(VALUE_END, "")


def _marked(source: Source, variables: Mapping[str, object]) -> str | Fault:
    """The rendered text with all marks; or why it could not be rendered."""
    library = source.library
    sandbox = fresh(library)
    try:
        code = compiled(source.template, library)
        names = sandbox.make_globals(None)
        made = jinja2.Template.from_code(sandbox, code, names)
        return made.render(dict(variables))
    except jinja2.TemplateSyntaxError as exc:
        return _syntax_fault(source, exc)
    except jinja2.UndefinedError as exc:
        return _undefined_fault(source, exc, variables)
    except Refused as exc:
        return _fault(source, _line(exc), exc.code, exc.what, exc.fix)
    except RecursionError as exc:
        what = "the template calls itself too deeply"
        return _fault(source, _line(exc), "T004", what, "make it simpler")
    except SecurityError as exc:
        what = "the template reaches for something outside its variables"
        fix = "use variables, filters and macros only"
        return _fault(source, _line(exc), "T005", what, fix)
    except _FAILURES as exc:
        first = str(exc).split("\n")[0]
        # without the name of a function of Jinja's own
        said = re.sub(r"\b[\w.]+\(\) ", "it ", first) or type(exc).__name__
        what = f"the template fails: {said[:80]}"
        fix = "mend the expression on this line"
        return _fault(source, _line(exc), "T007", what, fix)


def _has_marks(source: Source) -> bool:
    """True where an author's text has one of the marks of a rendering."""
    for text in source.library.texts_with(source.template):
        if any(mark in text for mark in (MARK, MARK_END, VALUE, VALUE_END)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Source:
    """What is rendered: a template, and the library that it may import from."""

    template: str
    library: Library


def _plain(source: Source) -> Rendered:
    """A template without any template in it: every line is its own."""
    text = source.template
    lines = range(1, text.count("\n") + 2)
    pieces = tuple(((0, line),) for line in lines)
    return Rendered(text, source.library, text, pieces)


def _unmarked(source: Source, marked: str) -> Rendered:
    """The text without its marks of lines, and which line each piece of it came from."""
    lines: list[str] = []
    pieces: list[Pieces] = []
    origin = 1
    for line in marked.split("\n"):
        text = ""
        here = [(0, origin)]
        for number, part in enumerate(MARKS.split(line)):
            # text and the numbers inside marks take turns
            if number % 2 == 0:
                text += part
                continue
            origin = int(part)
            # of two marks without text between them the later one counts
            place = len(text)
            if here[-1][0] == place:
                here.pop()
            here.append((place, origin))
        lines.append(text)
        pieces.append(tuple(here))
    text = "\n".join(lines)
    return Rendered(source.template, source.library, text, tuple(pieces))


def _quoted_twice(rendered: Rendered, marked: str) -> Fault | None:
    """Where a printed text stands inside the author's own quotes, or leaves the comment
    that it stands in.
    """
    line = 1
    column = 1
    for kind, piece in tokens(marked):
        inside, _, after = piece.partition(VALUE)
        if after and _ends(kind, after):
            what = (
                "a text printed inside quotes or a comment ends them, "
                "since it brings its own quotes"
            )
            place = _moved(line, column, inside)
            file, line, column = rendered.locate(*place)
            return Fault(line, column, "T008", what, _UNQUOTE, file)
        text = _without_values(piece)
        line, column = _moved(line, column, text)
    return None


def _ends(kind: Kind, after: str) -> bool:
    """True for a token that a text printed in it would end; `after` is what of the
    token comes after the mark.
    """
    # a comment that has the whole printed text in it goes on
    if kind is Kind.COMMENT:
        return VALUE_END not in after
    return kind in (Kind.TEXT, Kind.QUOTED)


def _moved(line: int, column: int, text: str) -> tuple[int, int]:
    """The line and column (from 1) right after a text that begins at a place."""
    newlines = text.count("\n")
    if newlines == 0:
        return line, column + len(text)
    return line + newlines, len(text) - text.rfind("\n")


def _line(exc: BaseException) -> int:
    """The line (as the library numbers it) in a traceback that Jinja has rewritten; the
    innermost one.
    """
    if isinstance(exc, Unreadable):
        return exc.line
    found = 1
    trace = exc.__traceback__
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
    """A fault in the line (as the library numbers it), beside the word `near` it."""
    library = source.library
    number, line = divmod(line, FILE)
    lines = library.text(number, source.template).split("\n")
    line = min(max(line, 1), len(lines))
    text = lines[line - 1]
    column = _column(text, near)
    file = library.name(number)
    return Fault(line, column, code, what, fix, file, missing)


def _column(text: str, near: str) -> int:
    """Where (from 1) a word stands in a line; else its first tag, or its first character."""
    found = None
    if near:
        word = re.escape(near)
        found = re.search(rf"\b{word}\b", text)
    found = found or re.search(r"\{[{%]", text)
    if found:
        return found.start() + 1
    indent = len(text) - len(text.lstrip())
    return indent + 1


def _syntax_fault(source: Source, exc: jinja2.TemplateSyntaxError) -> Fault:
    """What is wrong with a template that Jinja cannot read."""
    message = (exc.message or "").rstrip(".")
    named = re.fullmatch(r"No (filter|test) named '(\w+)'", message)
    if named:
        kind, name = named.groups()
        allowed = TESTS
        if kind == "filter":
            allowed = FILTERS | {"identifier"}
        what = f"there is no {kind} {name!r} here"
        listed = ", ".join(sorted(allowed))
        fix = f"use one of: {listed}"
        return _fault(source, exc.lineno, "T003", what, fix, near=name)
    # the sandbox's own refusals go on from "the template": switches …, reads …, filters …
    if "which" in message:
        what = f"the template {message}"
        fix = "write the SQL here, with variables"
        return _fault(source, exc.lineno, "T005", what, fix)
    what = f"the template cannot be read: {message[:120]}"
    fix = "mend the {{ … }} or {% … %} there"
    return _fault(source, exc.lineno, "T002", what, fix)


def _undefined_fault(
    source: Source, exc: jinja2.UndefinedError, variables: Mapping[str, object]
) -> Fault:
    """What a template asks for that is not there."""
    line = _line(exc)
    message = str(exc)
    named = re.match(r"'(\w+)' is undefined", message)
    if not named:
        what = f"the template asks for what is not there: {message[:80]}"
        asked = re.search(r"no (?:attribute|element) '?(\w+)", message)
        if asked:
            what = f"there is no {asked[1]!r} here"
        fix = "correct the name, or define it under `vars`"
        return _fault(source, line, "T001", what, fix)
    name = named[1]
    what = f"there is no variable {name!r}"
    fix = "define it under `vars` in cohorts/project.yml, or correct the name"
    close = difflib.get_close_matches(name, variables, n=1)
    if close:
        fix = f"did you mean `{close[0]}`? {fix}"
    return _fault(source, line, "T001", what, fix, near=name, missing=name)
