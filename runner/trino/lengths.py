"""The lengths and precisions that a signature computes: `u := x + y`, `rp := min(38, p + 1)`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

_CALLS = {"min": min, "max": max}
_UNKNOWN = "A signature computes a length in a way that is not known"


@cache
def _parsed(text: str) -> ast.expr:
    """The text as an expression of Python, whose grammar it shares."""
    return ast.parse(text, mode="eval").body


def computed(text: str, known: Mapping[str, int]) -> int:
    """The value of a signature's expression of numbers. Raises KeyError for a variable
    that is not known.
    """
    return _value(_parsed(text), known)


def _value(node: ast.expr, known: Mapping[str, int]) -> int:
    """The value of a part of the expression."""
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return known[name]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            values = [_value(one, known) for one in arguments]
            return int(_CALLS[name](values))
        case ast.BinOp(left=left, op=operator, right=right):
            return _operation(operator, _value(left, known), _value(right, known))
        case _:
            raise ValueError(f"{_UNKNOWN}: {ast.dump(node)}")


def _operation(operator: ast.operator, left: int, right: int) -> int:
    """What an operator makes of two numbers; lengths are whole, so `/` cuts off."""
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left // right
        case _:
            raise ValueError(f"{_UNKNOWN}: {ast.dump(operator)}")
