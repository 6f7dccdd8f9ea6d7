"""Jinja2 without a way out: values only, no files, no clock, and a budget for everything."""

from __future__ import annotations

import re
from functools import lru_cache
from types import CodeType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import pass_context
from markupsafe import Markup

from runner.sql.literals import Refused, identifier, literal

MAX_STEPS = 20_000
"""Loop rounds and calls in one template, all together."""

MAX_TEXT = 1_000_000
"""Characters a template may make; Trino takes no longer query (wire facts 1.1)."""

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
LOOP_NAMES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})

# Marks in the rendered text that say which line of the template follows; private use, refused in what authors write.
MARK, MARK_END = "\ue000", "\ue001"
MARKS = re.compile(f"{MARK}([0-9]+){MARK_END}")


class _Budget:
    """How much one rendering may still do; counts instead of clocks, so that the same template always ends the same."""

    def __init__(self) -> None:
        self.steps, self.text = MAX_STEPS, MAX_TEXT

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Refused("T004", f"the template takes more than {MAX_STEPS:,} steps", "make its loops shorter")

    def grow(self, characters: int) -> None:
        self.text -= characters
        if self.text < 0:
            raise Refused("T004", f"the template makes more than {MAX_TEXT:,} characters", "make its loops shorter")


@pass_context  # a finalize that sees the context is never applied while compiling, where autoescape comes first
def _finalize(context: Context, value: object) -> Markup:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises with the name
    text = value if isinstance(value, Markup) else Markup(literal(value))  # noqa: S704 - this is the quoting itself
    context.environment.budget.grow(len(text))  # type: ignore[attr-defined]
    return text


class _Lines(Extension):
    """Puts a mark with the template's line before every piece of plain text and every line within it."""

    def filter_stream(self, stream: TokenStream) -> Any:
        for token in stream:
            if token.type != "data":
                yield token
                continue
            first, *rest = token.value.split("\n")
            marked = f"{MARK}{token.lineno}{MARK_END}{first}"
            for number, line in enumerate(rest, token.lineno + 1):
                marked += f"\n{MARK}{number}{MARK_END}{line}"
            yield Token(token.lineno, "data", marked)


class Sandbox(SandboxedEnvironment):
    """Values only: no attributes but a map's keys, no methods but a map's, no loader, a budget for everything."""

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
        self.budget = _Budget()
        self.globals = {"range": self._range}
        self.filters = {name: self.filters[name] for name in FILTERS} | {"identifier": identifier}
        self.filters |= {"_rounds": self._rounds, "_text": self._text, "lower": _lower, "upper": _upper}
        self.filters |= {"join": self._join, "replace": self._replace, "sum": self._sum}
        self.tests = {name: self.tests[name] for name in TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for switch in tree.find_all(nodes.EvalContextModifier):
            raise jinja2.TemplateSyntaxError("switches the quoting of values, which always stays on", switch.lineno)
        for kind in (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends):
            for reader in tree.find_all(kind):
                raise jinja2.TemplateSyntaxError("reads another file, which a cohort's SQL cannot", reader.lineno)
        for found in tree.find_all(nodes.Filter):
            if found.name.startswith("_"):
                raise jinja2.TemplateAssertionError(f"No filter named {found.name!r}.", found.lineno)
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, "_rounds", [], [], None, None, lineno=loop.lineno)
        _bound_concat(tree)
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's `a.b`, for maps' keys and methods and for `loop` alone."""
        return self._get(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As Jinja's `a[b]`, for maps, lists and texts alone."""
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            return (
                obj[argument]
                if isinstance(argument, slice) or -len(obj) <= argument < len(obj)
                else self.undefined(f"there is no entry {argument}")
            )
        return self._get(obj, argument)

    def _get(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, dict):
            if name in obj:
                return obj[name]
            if name in {"items", "keys", "values"}:
                return getattr(obj, name)
        if isinstance(obj, jinja2.runtime.LoopContext) and name in LOOP_NAMES:
            return getattr(obj, name)
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
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; `+` also joins lists. Texts are joined with `~`."""
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if numbers and operator != "**" and all(abs(side) < 2**63 for side in (left, right)):
            return super().call_binop(context, operator, left, right)
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            self.budget.grow(len(left) + len(right))
            return left + right
        for side in (left, right):
            if isinstance(side, jinja2.Undefined):
                str(side)  # raises with the name
        raise Refused("T005", f"`{operator}` works on numbers only", "join texts with `~`")

    def _rounds(self, values: Any) -> Any:
        if isinstance(values, jinja2.Undefined):
            str(values)
        if not isinstance(values, list | tuple | dict | range | str) and not hasattr(values, "__iter__"):
            raise Refused("T005", "only lists and maps can be looped over", "loop over a variable that is a list")
        for value in values:
            self.budget.step()
            yield value

    def _range(self, *bounds: int) -> range:
        made = range(*bounds)
        if len(made) > MAX_STEPS:
            raise Refused("T004", f"a range of more than {MAX_STEPS:,} is refused", "make it shorter")
        return made

    def _text(self, value: Any) -> Any:
        if isinstance(value, Markup):
            raise Refused("T005", "`~` joins values, and this is SQL text", "print the two one after the other")
        self.budget.grow(len(str(value)))
        return value

    def _join(self, values: Any, by: str = "") -> str:
        listed = [str(value) for value in self._rounds(values)]
        self.budget.grow(sum(map(len, listed)) + len(by) * len(listed))
        return str(by).join(listed)

    def _replace(self, value: str, old: str, new: str) -> str:
        text, old, new = str(value), str(old), str(new)
        self.budget.grow(len(text) + text.count(old) * len(new))
        return text.replace(old, new)

    def _sum(self, values: Any) -> Any:
        listed = list(self._rounds(values))
        if not all(isinstance(value, int | float) for value in listed):
            raise Refused("T005", "`sum` adds numbers only", "give it a list of numbers")
        return sum(listed)


@lru_cache(maxsize=4096)  # a cohort is rendered once for each target
def compiled(template: str) -> CodeType:
    """A template's code; raises jinja2.TemplateSyntaxError and Refused."""
    return Sandbox().compile(template)


def _lower(value: object) -> str:
    return str(value).lower()


def _upper(value: object) -> str:
    return str(value).upper()


def _bound_concat(tree: nodes.Template) -> None:
    """`a ~ b` grows texts without a call that could be counted: count what goes in."""
    for joined in list(tree.find_all(nodes.Concat)):
        joined.nodes = [nodes.Filter(part, "_text", [], [], None, None, lineno=joined.lineno) for part in joined.nodes]
