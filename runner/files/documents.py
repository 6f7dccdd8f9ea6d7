"""One YAML file read as plain data that remembers where each key and value stands."""

from __future__ import annotations

import itertools
import json
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runner.errors import Position, Problem
from runner.files import scalars, syntax

Pointer = tuple[str | int, ...]
"""Where a value sits in a document: mapping keys and list indexes from the root, `()`
being the root.
"""

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_PROBLEMS = 50
"""Of one file, whose reading stops there."""

# libyaml where PyYAML was built with it; the pure parser gives the same events, some
# twenty times slower.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What YAML forbids, and what makes a reviewer see something else than what runs
# (https://trojansource.codes).
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff]",
)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as data (str, int, float, bool, None, list, dict) with the position
    of every key and value.

    `source` is the file's text with `\\n` as the only line break and without a byte-order mark.
    """

    path: str
    data: object
    source: str
    values: Mapping[Pointer, Position]
    keys: Mapping[Pointer, Position]

    def at(self, *pointer: str | int) -> Position:
        """The place of a value, or of the nearest parent that exists."""
        return next(self.values[p] for p in _upwards(pointer) if p in self.values)

    def key_at(self, *pointer: str | int) -> Position:
        """The place of a value's key (in a list, of the value itself), or of the nearest
        parent's.
        """
        places = (self.keys.get(p) or self.values.get(p) for p in _upwards(pointer))
        return next(place for place in places if place)

    def written(self, at: Position) -> str:
        """A value that stands at a place without quotes, as the file has it."""
        line = self.source.split("\n")[at.line - 1][at.column - 1 :]
        return re.split(r"[\s,\]}#]", line, maxsplit=1)[0]

    def within(self, pointer: Pointer, line: int, column: int) -> Position:
        """The place in the file of a line and column (from 1) of the text at `pointer`.

        Exact in literal blocks and one-line text; in folded text exact for everything
        but white space. A place outside the text becomes the nearest one inside.
        """
        if pointer not in self.values:
            return self.at(*pointer)
        text: Any = self.data
        for step in pointer:
            text = text[step]
        start = self.values[pointer]
        if not isinstance(text, str):
            return start
        return scalars.place(self.source, start, text, line, column)


def read(
    path: Path, shown: str, *, inside: Path | None = None, most: int = MAX_BYTES
) -> Document | tuple[Problem, ...]:
    """Read one YAML file of at most `most` bytes: its content, or everything wrong with
    it. `shown` is its path as displayed; a link must not lead out of the folder `inside`.
    """
    raw = _bytes(path, Position(shown), inside, most)
    if isinstance(raw, Problem):
        return (raw,)
    return parse(raw, shown, most=most)


def read_text(path: Path, shown: str, *, inside: Path) -> str | tuple[Problem, ...]:
    """Read one file that is no YAML, such as a template, with the same care; line
    breaks become `\\n`.
    """
    raw = _bytes(path, Position(shown), inside)
    if isinstance(raw, Problem):
        return (raw,)
    return _decoded(raw, shown)


def parse(
    raw: bytes, shown: str, *, most: int = MAX_BYTES
) -> Document | tuple[Problem, ...]:
    """Read one file's content, from wherever it comes, such as another commit."""
    text = _decoded(raw, shown, most)
    if not isinstance(text, str):
        return text
    # events, not nodes: nothing is built of what is not allowed
    walk = _Walk(text, shown)
    data = walk.document()
    if walk.problems:
        return tuple(sorted(set(walk.problems)))
    if data is None:
        fix = "fill it in, or delete it"
        return (Problem(Position(shown), "F006", "the file is empty", fix),)
    return Document(shown, data, text, walk.values, walk.keys)


def _decoded(
    raw: bytes, shown: str, most: int = MAX_BYTES
) -> str | tuple[Problem, ...]:
    """The text of a file, with `\\n` as its only line break."""
    if len(raw) > most:
        return (_too_large(Position(shown), most),)
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return (_not_utf8(raw, error, shown),)
    return tuple(_forbidden(text, shown)) or text


def quoted(value: object) -> str:
    """A value as a message shows it: on one line, at most some 60 characters."""
    if isinstance(value, dict):
        return "a group of `name: value` lines"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        text = json.dumps(value[:61], ensure_ascii=False)
        if len(text) <= 60 and len(value) <= 60:
            return text
        # what is cut must not end in half an escape
        return text[:56].rstrip("\\") + '…"'
    text = json.dumps(value)
    if len(text) > 60:
        return f"{text[:57]}…"
    return text


def _upwards(pointer: Pointer) -> Iterator[Pointer]:
    """A pointer, its parent, and so on up to the root."""
    return (pointer[:length] for length in range(len(pointer), -1, -1))


def _bytes(
    path: Path, at: Position, inside: Path | None, most: int = MAX_BYTES
) -> bytes | Problem:
    """The content of an ordinary file."""
    try:
        if inside and _leads_out(path, inside):
            what = "the file is a link that leads out of this folder"
            return Problem(at, "F002", what, "put the file itself here")
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            what = "this is a folder"
            return Problem(at, "F001", what, "put an ordinary file here")
        if not stat.S_ISREG(status.st_mode):
            what = "this is not an ordinary file"
            return Problem(at, "F001", what, "put an ordinary file here")
        if status.st_size > most:
            return _too_large(at, most)
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            what = "the file is a link to something that does not exist"
            fix = "put the file itself here, or delete the link"
            return Problem(at, "F002", what, fix)
        fix = "create it, or correct the path"
        return Problem(at, "F001", "the file does not exist", fix)
    # RuntimeError: links in a circle, as Path.resolve says it before Python 3.13
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "links in a circle"
        what = f"the file cannot be read ({reason.lower()})"
        return Problem(at, "F001", what, "check its permissions")


def _leads_out(path: Path, inside: Path) -> bool:
    """True for a link to something outside a folder."""
    if not path.is_symlink():
        return False
    return not path.resolve().is_relative_to(inside.resolve())


def _too_large(at: Position, most: int) -> Problem:
    what = f"the file is larger than {most // 1024:,} KiB"
    fix = "shorten it; long lists of values belong in a table"
    return Problem(at, "F003", what, fix)


def _not_utf8(raw: bytes, error: UnicodeDecodeError, shown: str) -> Problem:
    start = raw.rfind(b"\n", 0, error.start) + 1
    column = len(raw[start : error.start].decode("utf-8-sig", "replace")) + 1
    at = Position(shown, raw.count(b"\n", 0, error.start) + 1, column)
    fix = "save it in your editor with the encoding UTF-8"
    return Problem(at, "F004", "the file is not UTF-8 text", fix)


def _forbidden(text: str, shown: str) -> Iterator[Problem]:
    """The first ten characters of a text that YAML forbids, or that nobody sees."""
    for match in itertools.islice(_FORBIDDEN.finditer(text), 10):
        place = match.start()
        line = text.count("\n", 0, place) + 1
        column = place - text.rfind("\n", 0, place)
        yield _invisible(Position(shown, line, column), match[0])


def _invisible(at: Position, character: str) -> Problem:
    what = f"there is an invisible control character here (U+{ord(character):04X})"
    fix = "delete it; such characters come from copying out of other programs"
    return Problem(at, "F005", what, fix)


class _Stop(Exception):
    """The rest of the file is not worth reading."""


class _Walk:
    """One pass over a file's events, gathering data, places and problems."""

    def __init__(self, text: str, shown: str) -> None:
        self.text, self.shown = text, shown
        self.values: dict[Pointer, Position] = {}
        self.keys: dict[Pointer, Position] = {}
        self.problems: list[Problem] = []
        self.parser = _LOADER(text)

    def document(self) -> object:
        """The data of the whole file; None where it is empty or has a problem."""
        try:
            self.parser.get_event()  # the stream's start
            if type(self.parser.get_event()) is yaml.StreamEndEvent:
                return None
            data = self.node(self.parser.get_event(), ())
            self.parser.get_event()  # the document's end
            event = self.parser.get_event()
            if type(event) is not yaml.StreamEndEvent:
                what = "a second document starts here"
                self.problem(event, "F011", what, "put one document in each file")
        except yaml.MarkedYAMLError as error:
            self.problems.append(syntax.problem(error, self.text, self.shown))
        except _Stop:
            pass
        finally:
            self.parser.dispose()
        if self.problems:
            return None
        return data

    def node(self, event: Any, pointer: Pointer) -> object:
        """The data of one value, which begins with an event, and of all in it."""
        self.values[pointer] = self.position(event)
        # isinstance would be slower, and there are no subclasses
        kind = type(event)
        if event.anchor is not None:
            self.anchor(event)
            if kind is yaml.AliasEvent:
                return None
        if event.tag is not None:
            what = f"{quoted(event.tag)} is a YAML tag; tags are not allowed here"
            fix = "delete it, or put the text in quotes if it is meant to start with !"
            self.problem(event, "F010", what, fix)
        if kind is yaml.ScalarEvent:
            return self.scalar(event)
        if len(pointer) >= MAX_DEPTH:
            # each level is a call, and Python ends at some 1,000
            what = f"this is nested more than {MAX_DEPTH} levels deep"
            self.problem(event, "F013", what, "make it flatter")
            raise _Stop
        if kind is yaml.MappingStartEvent:
            return self.mapping(pointer)
        return self.sequence(pointer)

    def scalar(self, event: Any) -> object:
        """A text, or what a text without quotes means."""
        if not event.style:
            return scalars.plain(event.value)
        # in double quotes such a character can be written as an escape, "\\u200e"
        if event.style == '"':
            found = _FORBIDDEN.search(event.value)
            if found:
                self.problems.append(_invisible(self.position(event), found[0]))
        return event.value

    def mapping(self, pointer: Pointer) -> dict[str, object]:
        """A group of `name: value` lines."""
        data: dict[str, object] = {}
        while type(event := self.parser.get_event()) is not yaml.MappingEndEvent:
            name = self.key(event, pointer, data)
            here = (*pointer, name)
            if name in data:
                what = f"{quoted(name)} is given twice, first at {self.keys[here]}"
                self.problem(event, "F008", what, "keep one of the two")
            else:
                self.keys[here] = self.position(event)
            data[name] = self.node(self.parser.get_event(), here)
        return data

    def key(self, event: Any, pointer: Pointer, before: dict[str, object]) -> str:
        """The name of a value in a group, after those `before`; where it is none, a
        name that no other one is.
        """
        # -1 is the key of nothing: those are text
        name = self.node(event, (*pointer, -1))
        del self.values[*pointer, -1]
        if isinstance(name, str):
            return name
        what = f"{quoted(name)} is not text, so it cannot be a name"
        fix = "put it in quotes"
        last = next(reversed(before.values()), None)
        if type(name) is int and isinstance(last, int | float):
            fix += "; if it is the end of a number such as 1.000,50, write 1000.50"
        if isinstance(name, dict | list):
            what = "a name cannot be a list or a group"
            fix = "put text that starts with { or [ in quotes"
        elif name is None:
            what = "there is no name before this colon"
            fix = "write it, or put the whole text in quotes"
        self.problem(event, "F012", what, fix)
        # unlike any other, so that the walk goes on
        return f"{event.start_mark.line}:{event.start_mark.column}"

    def sequence(self, pointer: Pointer) -> list[object]:
        """A list."""
        data: list[object] = []
        while type(event := self.parser.get_event()) is not yaml.SequenceEndEvent:
            data.append(self.node(event, (*pointer, len(data))))
        return data

    def anchor(self, event: Any) -> None:
        """Tell of an anchor or an alias. They would let a small file mean a huge one."""
        # once is enough: every alias of an anchor would be told
        if any(problem.code == "F009" for problem in self.problems):
            return
        what = (
            "text that starts with & or * is a YAML anchor or alias; "
            "they are not allowed here"
        )
        fix = "write the value out, or put the text in quotes"
        self.problem(event, "F009", what, fix)

    def problem(self, event: Any, code: str, what: str, fix: str) -> None:
        """Note a problem; after MAX_PROBLEMS of them stop."""
        self.problems.append(Problem(self.position(event), code, what, fix))
        if len(self.problems) == MAX_PROBLEMS:
            raise _Stop

    def position(self, event: Any) -> Position:
        """Where an event begins; the parser counts from 0."""
        mark = event.start_mark
        return Position(self.shown, mark.line + 1, mark.column + 1)
