"""Jinja2 without a way out: values only, no files, no clock, and a budget for everything."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator
from types import CodeType
from typing import Any

import jinja2
import jinja2.meta
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import pass_context
from markupsafe import Markup

from runner.sql.budget import LISTS, MAX_STEPS, Budget, counted
from runner.sql.imports import MARK, MARK_END, expand
from runner.sql.library import EMPTY, FILE, Library
from runner.sql.literals import Refused, identifier, literal

_FILTERS = """\
abs default first float int join last length list lower max min replace reverse round
sort sum trim unique upper"""
FILTERS = frozenset(_FILTERS.split())

_TESTS = """\
boolean defined divisibleby eq even ge gt in integer iterable le lt mapping ne none
number odd string undefined"""
TESTS = frozenset(_TESTS.split())

LOOP_NAMES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
)
_METHODS = frozenset({"items", "keys", "values"})
"""Of a map."""

Function = Callable[..., Any]
"""What a filter or a test calls."""

_TOO_LARGE = "this number is too large"

# Marks around printed texts, which bring their own quotes and so must not stand inside
# an author's.
VALUE = "\ue002"
VALUE_END = "\ue003"
_LOOPED: tuple[type[Any], ...] = (*LISTS, dict, jinja2.runtime.LoopContext)
COMPARING = frozenset({"eq", "ge", "gt", "in", "le", "lt", "ne"})


# A finalize that sees the context is never applied while compiling, where autoescape
# comes first.
@pass_context
def _finalize(context: Context, value: object) -> Markup:
    """What is printed of a value: SQL as it is, anything else as a literal."""
    _refuse_undefined(value)
    budget: Budget = context.environment.budget  # type: ignore[attr-defined]
    if isinstance(value, Markup):
        budget.grow(len(value))
        return value
    budget.weigh(value)
    text = literal(value)
    budget.grow(len(text))
    if "'" in text:
        text = f"{VALUE}{text}{VALUE_END}"
    return Markup(text)  # noqa: S704 - this is the quoting itself


class _Lines(Extension):
    """Puts a mark with the template's line before every piece of plain text and every
    line within it.
    """

    def filter_stream(self, stream: TokenStream) -> Any:
        before = FILE * int(stream.name or 0)
        for token in stream:
            lineno = before + token.lineno
            text = token.value
            if token.type == "data":
                text = _marked(text, lineno)
            yield Token(lineno, token.type, text)


def _marked(text: str, first: int) -> str:
    """Plain text with the mark of its line before each line; `first` is that of the
    first one.
    """
    lines = []
    for number, line in enumerate(text.split("\n"), first):
        lines.append(f"{MARK}{number}{MARK_END}{line}")
    return "\n".join(lines)


class Sandbox(SandboxedEnvironment):
    """Values only: no attributes but a map's keys, no methods but a map's, no loader, a
    budget for everything.
    """

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined,
            # so that macros and {% set %} blocks come back as Markup, told apart from values
            autoescape=True,
            finalize=_finalize,
            extensions=[_Lines],
            keep_trailing_newline=True,
            cache_size=0,
            optimized=False,
        )
        self.budget = Budget()
        self.library = EMPTY
        self.globals = {"range": self._range}
        own = {name: self.filters[name] for name in FILTERS}
        allowed: dict[str, Function] = {
            **own,
            "identifier": identifier,
            "lower": _lower,
            "upper": _upper,
            "round": _round,
            "join": self._join,
            "replace": self._replace,
            "sum": self._sum,
        }
        self.filters = {
            name: self._guarded(name, function) for name, function in allowed.items()
        }
        # what `counted` puts into a template; an author cannot name them
        self.filters |= {
            "_rounds": self._rounds,
            "_text": self._text,
            "_made": self._made,
            "_compared": self._compared,
            "_spent": self._spent,
        }
        known: Any = self.tests
        self.tests = {name: self._guarded(name, known[name]) for name in TESTS}

    def _parse(
        self, source: str, name: str | None, filename: str | None
    ) -> nodes.Template:
        del filename  # there are no files
        tree = self._read(source, name)
        expand(tree, self.library, self._read)
        _refuse_statements(tree)
        _refuse_filters(tree)
        _refuse_large_numbers(tree)
        counted(tree)
        return tree

    def _read(self, source: str, name: str | None) -> nodes.Template:
        """A file's tree. Raises jinja2.TemplateSyntaxError, with the line as the
        library numbers it.
        """
        before = FILE * int(name or 0)
        # Python reads no number of more than some 4,000 digits
        number = re.search(r"\d{1000}", source)
        if number:
            line = before + source.count("\n", 0, number.start()) + 1
            raise jinja2.TemplateSyntaxError(_TOO_LARGE, line)
        try:
            return super()._parse(source, name, None)
        except jinja2.TemplateSyntaxError as exc:
            # the lexer knows nothing of files
            if exc.lineno < before:
                exc.lineno += before
            raise

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's `a.b`, for maps' keys and methods and for `loop` alone."""
        return self._get(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As Jinja's `a[b]`, for maps, lists and texts alone."""
        has_entries = isinstance(obj, list | tuple | str)
        if isinstance(obj, Markup) or not has_entries or not isinstance(argument, int):
            return self._get(obj, argument)
        length = len(obj)
        if -length <= argument < length:
            return obj[argument]
        return self.undefined(f"no entry {argument} here")

    def _get(self, obj: Any, name: Any) -> Any:
        """A key or a method of a map, or what `loop` knows; else undefined."""
        if isinstance(obj, dict):
            self.budget.weigh(name)
            if name in obj:
                return obj[name]
            if name in _METHODS:
                return getattr(obj, name)
        if isinstance(obj, jinja2.runtime.LoopContext) and name in LOOP_NAMES:
            return getattr(obj, name)
        if isinstance(name, str) and name.startswith("_"):
            what = f"the template reaches for {name[:40]!r}"
            raise Refused("T005", what, "use variables, filters and macros only")
        return self.undefined(obj=obj, name=name)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, `range`, and the three methods of maps."""
        if isinstance(obj, Macro) or obj == self._range:
            return True
        is_of_map = isinstance(getattr(obj, "__self__", None), dict)
        return is_of_map and obj.__name__ in _METHODS

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """As in the base class, counted."""
        self.budget.step()
        _refuse_undefined(obj)
        self.budget.weigh((args, kwargs))
        self.budget.enter()
        try:
            return super().call(context, obj, *args, **kwargs)
        finally:
            self.budget.leave()

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; `+` also joins lists. Texts are joined with `~`."""
        sides = (left, right)
        if all(isinstance(side, int | float) for side in sides):
            _refuse_too_much(operator, sides)
            return super().call_binop(context, operator, left, right)
        are_lists = all(isinstance(side, list) for side in sides)
        if operator == "+" and are_lists:
            self.budget.weigh(sides)
            return left + right
        for side in sides:
            _refuse_undefined(side)
        what = f"`{operator}` works on numbers only"
        raise Refused("T007", what, "join texts with `~`")

    def _guarded(self, name: str, function: Function) -> Function:
        """A filter or test that pays for what it looks at, and takes values, not SQL text."""

        @functools.wraps(function)  # keeps also what Jinja noted on it
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if name in FILTERS - {"default"} or name in COMPARING:
                _refuse_sql(args)
            self.budget.weigh((args, kwargs))
            result = function(*args, **kwargs)
            # an iterator could be read once only, and its length is not known
            if isinstance(result, Iterator):
                return list(result)
            return result

        return guarded

    def _spent(self, value: Any, cost: int) -> Any:
        """A value as it is, once its cost is paid."""
        self.budget.spend(cost)
        return value

    def _made(self, value: Any) -> Any:
        """A list or a map that the template makes, paid for with all in it."""
        self.budget.weigh(value)
        return value

    def _compared(self, value: Any) -> Any:
        """A value that is compared, paid for; SQL text is refused."""
        _refuse_sql((value,))
        self.budget.weigh(value)
        return value

    def _rounds(self, values: Any, cost: int = 1) -> Any:
        """The values of a loop, each one paid for."""
        _refuse_undefined(values)
        if not isinstance(values, _LOOPED):
            what = "only lists and maps can be looped over"
            raise Refused("T007", what, "loop over a variable that is a list")
        for value in iter(values):
            self.budget.step()
            self.budget.spend(cost)
            yield value

    def _range(self, *bounds: int) -> range:
        """Numbers for a loop; Jinja's own would be as long as an author likes."""
        made = range(*bounds)
        if len(made) > MAX_STEPS:
            what = f"a range of more than {MAX_STEPS:,} is refused"
            raise Refused("T004", what, "make it shorter")
        return made

    def _text(self, value: Any) -> Any:
        """A part of what `~` joins."""
        _refuse_sql((value,))
        _refuse_undefined(value)
        # Python calls a boolean a number, too
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            what = "`~` joins texts and numbers"
            raise Refused("T007", what, "print other values one by one")
        self.budget.grow(len(str(value)))
        return value

    def _join(self, values: Any, by: str = "") -> str:
        """Texts as one text. Jinja's own would escape values."""
        items = tuple(self._rounds(values))
        _refuse_sql(items)
        listed = list(map(str, items))
        length = sum(map(len, listed))
        joints = len(by) * len(listed)
        self.budget.grow(length + joints)
        return str(by).join(listed)

    def _replace(self, value: str, old: str, new: str) -> str:
        """A text with another in the place of some of it, paid for before it is made."""
        text = str(value)
        old = str(old)
        new = str(new)
        more = text.count(old) * len(new)
        self.budget.grow(len(text) + more)
        return text.replace(old, new)

    def _sum(self, values: Any) -> Any:
        """The sum of numbers; Jinja's own would join lists, too."""
        listed = list(self._rounds(values))
        if not all(isinstance(value, int | float) for value in listed):
            what = "`sum` adds numbers only"
            raise Refused("T007", what, "give it a list of numbers")
        return sum(listed)


def _refuse_too_much(operator: str, sides: Iterable[float]) -> None:
    """Raise Refused for arithmetic whose result may be too large."""
    if operator == "**":
        fix = "write the number out, such as 1000000"
        raise Refused("T007", "powers (`**`) are not allowed", fix)
    if any(abs(side) >= 2**63 for side in sides):
        what = f"a number is too large for `{operator}`"
        raise Refused("T007", what, "use numbers below 2^63")


@functools.cache
def _one() -> Sandbox:
    """One for all templates: compiling spends nothing."""
    return Sandbox()


def fresh(library: Library = EMPTY) -> Sandbox:
    """The sandbox with a full budget. There is one, since making it costs as much as
    rendering; not for two threads.
    """
    sandbox = _one()
    sandbox.budget = Budget()
    sandbox.library = library
    return sandbox


@functools.lru_cache(maxsize=4096)
def names_used(template: str, library: Library) -> frozenset[str]:
    """The variables that a template asks for, in itself or in the macros it imports.
    Raises as `compiled`.
    """
    tree = fresh(library).parse(template)
    names = jinja2.meta.find_undeclared_variables(tree)
    return frozenset(names)


# a cohort is rendered once for each target, a template for each cohort
@functools.lru_cache(maxsize=4096)
def compiled(template: str, library: Library) -> CodeType:
    """A template's code; raises jinja2.TemplateSyntaxError and Refused."""
    try:
        return fresh(library).compile(template)
    except (SyntaxError, MemoryError) as exc:
        # the Python that Jinja writes has its own limits of nesting
        what = "the template is nested too deeply"
        raise Refused("T004", what, "make it flatter") from exc


def _refuse_statements(tree: nodes.Template) -> None:
    """Raise jinja2.TemplateSyntaxError for statements that a template may not have."""
    for switch in tree.find_all(nodes.EvalContextModifier):
        what = "switches the quoting of values, which always stays on"
        raise jinja2.TemplateSyntaxError(what, switch.lineno)
    for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
        for reader in tree.find_all(kind):
            what = (
                "reads another file, "
                'which only {% from "file.sql" import macro %} at the top can'
            )
            raise jinja2.TemplateSyntaxError(what, reader.lineno)


def _refuse_filters(tree: nodes.Template) -> None:
    """Raise jinja2.TemplateSyntaxError for filters that a template may not have."""
    for found in tree.find_all(nodes.Filter):
        # the sandbox's own filters; a template gets them only from `counted`
        if found.name.startswith("_"):
            what = f"No filter named {found.name!r}."
            raise jinja2.TemplateAssertionError(what, found.lineno)
    for block in tree.find_all(nodes.FilterBlock):
        what = "filters SQL text, which could undo its quoting"
        raise jinja2.TemplateSyntaxError(what, block.lineno)


def _refuse_large_numbers(tree: nodes.Template) -> None:
    """Raise jinja2.TemplateSyntaxError for a number that Python takes for infinite."""
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, float) and not math.isfinite(constant.value):
            raise jinja2.TemplateSyntaxError(_TOO_LARGE, constant.lineno)


def _refuse_undefined(value: object) -> None:
    """Raise jinja2.UndefinedError, with the name, for a variable that is not there."""
    if isinstance(value, jinja2.Undefined):
        str(value)


def _refuse_sql(values: tuple[Any, ...]) -> None:
    """Raise Refused where a value is SQL text: only printing keeps its quoting."""
    if any(isinstance(value, Markup) for value in values):
        what = "SQL text made by a macro or a {% set %} block can only be printed"
        raise Refused("T007", what, "filter and compare values instead")


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    """As Jinja's `round`, with so few digits that the number stays small."""
    digits_fit = isinstance(precision, int) and abs(precision) <= 20
    if not digits_fit or method not in {"common", "ceil", "floor"}:
        what = "`round` takes up to 20 digits, and common, ceil or floor"
        raise Refused("T007", what, "change them")
    shift: float = 10**precision
    match method:
        case "ceil":
            return math.ceil(value * shift) / shift
        case "floor":
            return math.floor(value * shift) / shift
        case _:
            return round(value, precision)


def _lower(value: object) -> str:
    return str(value).lower()


def _upper(value: object) -> str:
    return str(value).upper()
