"""Shared macros: the imports of a template replaced by what they import, before
anything is compiled.

One tree for all means one budget, one set of rules and one place where quoting happens,
whatever file a macro is from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from jinja2 import nodes

from runner.files.suggestions import suggestion
from runner.sql.library import Library
from runner.sql.literals import Refused

# Marks in the rendered text that say which line of the template follows; private use,
# refused in what authors write.
MARK = "\ue000"
MARK_END = "\ue001"
MARKS = re.compile(f"{MARK}([0-9]+){MARK_END}")

Reader = Callable[[str, str], nodes.Template]
"""A file's tree from its text and its number."""


class Unreadable(Refused):
    """Something wrong with an import, at a line as the library numbers it."""

    def __init__(self, code: str, what: str, fix: str, line: int) -> None:
        super().__init__(code, what, fix)
        self.line = line


Macros = dict[str, frozenset[str]]
"""The macros of each file that was read, by its name."""


def expand(tree: nodes.Template, library: Library, read: Reader) -> None:
    """Put the macros of other files in the place of their imports, each file once.
    Raises Unreadable.
    """
    known = {"": _names(tree)}
    _expand(tree, library, read, known)


def _expand(
    tree: nodes.Template,
    library: Library,
    read: Reader,
    known: Macros,
) -> None:
    """As `expand`; the macros of files that are `known` are there already."""
    body: list[nodes.Node] = []
    for node in tree.body:
        if isinstance(node, nodes.FromImport):
            body += _macros(node, library, read, known)
        else:
            body.append(node)
    tree.body = body


def _macros(
    asked: nodes.FromImport,
    library: Library,
    read: Reader,
    known: Macros,
) -> list[nodes.Node]:
    """The macros that an import brings. A file that is `known` brings none: its macros
    are there already.
    """
    name, number = _file(asked, library)
    brought: list[nodes.Node] = []
    if name not in known:
        tree = read(library.text(number, ""), str(number))
        known[name] = _own(tree, known, asked.lineno)
        # a file that is imported from may import, too
        _expand(tree, library, read, known)
        brought += [node for node in tree.body if isinstance(node, nodes.Macro)]
    for wanted in asked.names:
        # Jinja has a pair for `macro as name`
        if not isinstance(wanted, str):
            what = f"the macro {wanted[0]} would get another name here"
            fix = f"import it as it is: import {wanted[0]}"
            raise Unreadable("T009", what, fix, asked.lineno)
        if wanted not in known[name]:
            what = f"there is no macro {wanted!r} in {name}"
            fix = _close(wanted, known[name])
            raise Unreadable("T009", what, fix, asked.lineno)
    return brought


def _file(asked: nodes.FromImport, library: Library) -> tuple[str, int]:
    """The name and the number of the file that is imported from."""
    name = ""
    what = "an import names no file"
    template = asked.template
    if isinstance(template, nodes.Const) and template.value is not None:
        name = template.value
        what = f"there is no file {name!r} in cohorts/templates/"
    if isinstance(name, str):
        number = library.number(name)
        if number is not None:
            return name, number
    fix = _close(str(name or ""), library.names)
    raise Unreadable("T009", what, fix, asked.lineno)


def _own(tree: nodes.Template, known: Macros, line: int) -> frozenset[str]:
    """The names of a file's macros: it holds nothing else, and no other file has them."""
    for node in tree.body:
        is_of_macros = isinstance(node, nodes.Macro | nodes.FromImport)
        if not is_of_macros and not _is_blank(node):
            what = "a file that is imported from holds macros only"
            fix = "move everything else to where it is used"
            raise Unreadable("T009", what, fix, node.lineno)
    mine = _names(tree)
    others = frozenset().union(*known.values())
    twice = sorted(mine & others)
    if twice:
        what = f"there are two macros named {twice[0]}"
        raise Unreadable("T009", what, "rename one of them", line)
    return mine


def _names(tree: nodes.Template) -> frozenset[str]:
    """The names of the macros that a file makes itself."""
    macros = (node for node in tree.body if isinstance(node, nodes.Macro))
    return frozenset(macro.name for macro in macros)


def _is_blank(node: nodes.Node) -> bool:
    """White space between macros, and the marks in it."""
    if not isinstance(node, nodes.Output):
        return False
    for part in node.nodes:
        if not isinstance(part, nodes.TemplateData):
            return False
        text = MARKS.sub("", part.data)
        if text.strip():
            return False
    return True


def _close(name: str, known: Collection[str]) -> str:
    """A name that is close to one that is not there, or the first that are."""
    first = sorted(known)[:8]
    names = ", ".join(first) or "none"
    return suggestion(name, known, f"there are: {names}")
