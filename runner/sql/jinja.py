"""Jinja2 without a way out: values only, no files, no clock, and a budget for everything."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator
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

FILTERS = frozenset(
    {
        "abs", "default", "first", "float", "int", "join", "last", "length", "list", "lower", "max", "min",
        "replace", "reverse", "round", "sort", "sum", "trim", "unique", "upper",
    }
)  # fmt: skip
TESTS = frozenset(
    {
        "boolean", "defined", "divisibleby", "eq", "even", "ge", "gt", "in", "integer", "iterable", "le", "lt",
        "mapping", "ne", "none", "number", "odd", "string", "undefined",
    }
)  # fmt: skip
LOOP_NAMES = frozenset(
    {"index", "index0", "revindex", "revindex0", "first", "last", "length"}
)

# Marks around printed texts, which bring their own quotes and so must not stand inside an author's.
VALUE, VALUE_END = "\ue002", "\ue003"
_LOOPED: tuple[type[Any], ...] = (*LISTS, dict, jinja2.runtime.LoopContext)
COMPARING = frozenset({"eq", "ge", "gt", "in", "le", "lt", "ne"})


@pass_context  # a finalize that sees the context is never applied while compiling, where autoescape comes first
def _finalize(context: Context, value: object) -> Markup:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name
    budget: Budget = context.environment.budget  # type: ignore[attr-defined]
    if isinstance(value, Markup):
        budget.grow(len(value))
        return value
    budget.weigh(value)
    text = literal(value)
    budget.grow(len(text))
    return Markup(f"{VALUE}{text}{VALUE_END}" if "'" in text else text)  # noqa: S704 - this is the quoting itself


class _Lines(Extension):
    """Puts a mark with the template's line before every piece of plain text and every
    line within it.
    """

    def filter_stream(self, stream: TokenStream) -> Any:
        before = FILE * int(stream.name or 0)
        for token in stream:
            lineno = before + token.lineno
            if token.type != "data":
                yield Token(lineno, token.type, token.value)
                continue
            first, *rest = token.value.split("\n")
            marked = f"{MARK}{lineno}{MARK_END}{first}"
            for number, line in enumerate(rest, lineno + 1):
                marked += f"\n{MARK}{number}{MARK_END}{line}"
            yield Token(lineno, "data", marked)


class Sandbox(SandboxedEnvironment):
    """Values only: no attributes but a map's keys, no methods but a map's, no loader, a
    budget for everything.
    """

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined,
            autoescape=True,  # so that macros and {% set %} blocks come back as Markup, told apart from values
            finalize=_finalize,
            extensions=[_Lines],
            keep_trailing_newline=True,
            cache_size=0,
            optimized=False,
        )
        self.budget = Budget()
        self.library = EMPTY
        self.globals = {"range": self._range}
        allowed: dict[str, Callable[..., Any]] = {
            name: self.filters[name] for name in FILTERS
        }
        allowed |= {
            "identifier": identifier,
            "lower": _lower,
            "upper": _upper,
            "round": _round,
        }
        allowed |= {"join": self._join, "replace": self._replace, "sum": self._sum}
        self.filters = {
            name: self._guarded(name, function) for name, function in allowed.items()
        }
        self.filters |= {
            "_rounds": self._rounds,
            "_text": self._text,
            "_made": self._made,
        }
        self.filters |= {"_compared": self._compared, "_spent": self._spent}
        known: Any = self.tests
        self.tests = {name: self._guarded(name, known[name]) for name in TESTS}

    def _parse(
        self, source: str, name: str | None, filename: str | None
    ) -> nodes.Template:
        del filename  # there are no files
        tree = self._read(source, name)
        expand(tree, self.library, self._read)
        for switch in tree.find_all(nodes.EvalContextModifier):
            raise jinja2.TemplateSyntaxError(
                "switches the quoting of values, which always stays on", switch.lineno
            )
        for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
            for reader in tree.find_all(kind):
                what = 'reads another file, which only {% from "file.sql" import macro %} at the top can'
                raise jinja2.TemplateSyntaxError(what, reader.lineno)
        for found in tree.find_all(nodes.Filter):
            if found.name.startswith("_"):
                raise jinja2.TemplateAssertionError(
                    f"No filter named {found.name!r}.", found.lineno
                )
        for block in tree.find_all(nodes.FilterBlock):
            raise jinja2.TemplateSyntaxError(
                "filters SQL text, which could undo its quoting", block.lineno
            )
        for constant in tree.find_all(nodes.Const):
            if isinstance(constant.value, float) and not math.isfinite(constant.value):
                raise jinja2.TemplateSyntaxError(
                    "this number is too large", constant.lineno
                )
        counted(tree)
        return tree

    def _read(self, source: str, name: str | None) -> nodes.Template:
        """A file's tree. Raises jinja2.TemplateSyntaxError, with the line as the
        library numbers it.
        """
        before = FILE * int(name or 0)
        if number := re.search(
            r"\d{1000}", source
        ):  # Python reads no number of more than some 4,000 digits
            line = before + source.count("\n", 0, number.start()) + 1
            raise jinja2.TemplateSyntaxError("this number is too large", line)
        try:
            return super()._parse(source, name, None)
        except jinja2.TemplateSyntaxError as exc:
            if exc.lineno < before:  # the lexer's, which knows nothing of files
                exc.lineno += before
            raise

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's `a.b`, for maps' keys and methods and for `loop` alone."""
        return self._get(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As Jinja's `a[b]`, for maps, lists and texts alone."""
        if (
            isinstance(obj, list | tuple | str)
            and isinstance(argument, int)
            and not isinstance(obj, Markup)
        ):
            return (
                obj[argument]
                if -len(obj) <= argument < len(obj)
                else self.undefined(f"no entry {argument} here")
            )
        return self._get(obj, argument)

    def _get(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, dict):
            self.budget.weigh(name)
            if name in obj:
                return obj[name]
            if name in {"items", "keys", "values"}:
                return getattr(obj, name)
        if isinstance(obj, jinja2.runtime.LoopContext) and name in LOOP_NAMES:
            return getattr(obj, name)
        if isinstance(name, str) and name.startswith("_"):
            raise Refused(
                "T005",
                f"the template reaches for {name[:40]!r}",
                "use variables, filters and macros only",
            )
        return self.undefined(obj=obj, name=name)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, `range`, and the three methods of maps."""
        if isinstance(obj, Macro) or obj == self._range:
            return True
        return isinstance(getattr(obj, "__self__", None), dict) and obj.__name__ in {
            "items",
            "keys",
            "values",
        }

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """As in the base class, counted."""
        self.budget.step()
        if isinstance(obj, jinja2.Undefined):
            str(obj)  # raises with the name
        self.budget.weigh((args, kwargs))
        self.budget.enter()
        try:
            return super().call(context, obj, *args, **kwargs)
        finally:
            self.budget.leave()

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; `+` also joins lists. Texts are joined with `~`."""
        if all(isinstance(side, int | float) for side in (left, right)):
            if operator == "**":
                fix = "write the number out, such as 1000000"
                raise Refused("T007", "powers (`**`) are not allowed", fix)
            if any(abs(side) >= 2**63 for side in (left, right)):
                what = f"a number is too large for `{operator}`"
                raise Refused("T007", what, "use numbers below 2^63")
            return super().call_binop(context, operator, left, right)
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            self.budget.weigh((left, right))
            return left + right
        for side in (left, right):
            if isinstance(side, jinja2.Undefined):
                str(side)  # raises with the name
        raise Refused(
            "T007", f"`{operator}` works on numbers only", "join texts with `~`"
        )

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter or test that pays for what it looks at, and takes values, not SQL text."""

        @functools.wraps(function)  # keeps also what Jinja noted on it
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if name in FILTERS - {"default"} or name in COMPARING:
                _refuse_sql(args)
            self.budget.weigh((args, kwargs))
            result = function(*args, **kwargs)
            return list(result) if isinstance(result, Iterator) else result

        return guarded

    def _spent(self, value: Any, cost: int) -> Any:
        self.budget.spend(cost)
        return value

    def _made(self, value: Any) -> Any:
        self.budget.weigh(value)
        return value

    def _compared(self, value: Any) -> Any:
        _refuse_sql((value,))
        self.budget.weigh(value)
        return value

    def _rounds(self, values: Any, cost: int = 1) -> Any:
        if isinstance(values, jinja2.Undefined):
            str(values)
        if not isinstance(values, _LOOPED):
            raise Refused(
                "T007",
                "only lists and maps can be looped over",
                "loop over a variable that is a list",
            )
        for value in iter(values):
            self.budget.step()
            self.budget.spend(cost)
            yield value

    def _range(self, *bounds: int) -> range:
        made = range(*bounds)
        if len(made) > MAX_STEPS:
            raise Refused(
                "T004",
                f"a range of more than {MAX_STEPS:,} is refused",
                "make it shorter",
            )
        return made

    def _text(self, value: Any) -> Any:
        _refuse_sql((value,))
        if isinstance(value, jinja2.Undefined):
            str(value)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Refused(
                "T007", "`~` joins texts and numbers", "print other values one by one"
            )
        self.budget.grow(len(str(value)))
        return value

    def _join(self, values: Any, by: str = "") -> str:
        items = tuple(self._rounds(values))
        _refuse_sql(items)
        listed = [str(item) for item in items]
        self.budget.grow(sum(map(len, listed)) + len(by) * len(listed))
        return str(by).join(listed)

    def _replace(self, value: str, old: str, new: str) -> str:
        text, old, new = str(value), str(old), str(new)
        self.budget.grow(len(text) + text.count(old) * len(new))
        return text.replace(old, new)

    def _sum(self, values: Any) -> Any:
        listed = list(self._rounds(values))
        if not all(isinstance(value, int | float) for value in listed):
            raise Refused(
                "T007", "`sum` adds numbers only", "give it a list of numbers"
            )
        return sum(listed)


@functools.cache
def _one() -> Sandbox:
    """One for all templates: compiling spends nothing."""
    return Sandbox()


def fresh(library: Library = EMPTY) -> Sandbox:
    """The sandbox with a full budget. There is one, since making it costs as much as
    rendering; not for two threads.
    """
    sandbox = _one()
    sandbox.budget, sandbox.library = Budget(), library
    return sandbox


@functools.lru_cache(maxsize=4096)
def names_used(template: str, library: Library) -> frozenset[str]:
    """The variables that a template asks for, in itself or in the macros it imports.
    Raises as `compiled`.
    """
    return frozenset(
        jinja2.meta.find_undeclared_variables(fresh(library).parse(template))
    )


@functools.lru_cache(
    maxsize=4096
)  # a cohort is rendered once for each target, a template for each cohort
def compiled(template: str, library: Library) -> CodeType:
    """A template's code; raises jinja2.TemplateSyntaxError and Refused."""
    try:
        return fresh(library).compile(template)
    except (
        SyntaxError,
        MemoryError,
    ) as exc:  # of the Python that Jinja writes: its own limits of nesting
        raise Refused(
            "T004", "the template is nested too deeply", "make it flatter"
        ) from exc


def _refuse_sql(values: tuple[Any, ...]) -> None:
    if any(isinstance(value, Markup) for value in values):
        what = "SQL text made by a macro or a {% set %} block can only be printed"
        raise Refused("T007", what, "filter and compare values instead")


def _round(value: float, precision: int = 0, method: str = "common") -> float:
    if (
        not isinstance(precision, int)
        or abs(precision) > 20
        or method not in {"common", "ceil", "floor"}
    ):
        raise Refused(
            "T007",
            "`round` takes up to 20 digits, and common, ceil or floor",
            "change them",
        )
    shift: float = 10**precision
    if method == "common":
        return round(value, precision)
    return (
        math.ceil(value * shift) if method == "ceil" else math.floor(value * shift)
    ) / shift


def _lower(value: object) -> str:
    return str(value).lower()


def _upper(value: object) -> str:
    return str(value).upper()
