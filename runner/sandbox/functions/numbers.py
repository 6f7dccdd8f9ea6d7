"""Numbers and their texts as Java writes and reads them."""

from __future__ import annotations

import re
import struct
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    InvalidOperation,
    localcontext,
)
from math import copysign, floor, inf, isfinite, isinf, isnan

from runner.sandbox.duck.nothere import NotHere, Rejected

DIVIDED = "Division by zero"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
LIMITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
"""How many bits a whole number has beside its sign."""

DOUBLE = re.compile(
    r"[\x00-\x20]*"
    r"(?P<number>[+-]?(?:NaN|Infinity"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?P<suffix>[fFdD]?)))"
    r"[\x00-\x20]*"
)
HEXADECIMAL = re.compile(r"[\x00-\x20]*[+-]?0[xX].*", re.DOTALL)
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WIDE = Context(prec=200, rounding=ROUND_HALF_UP, Emin=-999999, Emax=999999)


def scientific(value: float) -> str:
    """A double as CAST makes it a text: `1.235E2`."""
    return _special(value) or _with_exponent(repr(value))


def scientific_real(value: float) -> str:
    """A real as CAST makes it a text: never more than seven digits, though some have more."""
    return _special(value) or _with_exponent(f"{value:.6e}")


def plain(value: float) -> str:
    """A double as Java's Double.toString: `123.5`, `1.0E7`."""
    return _special(value) or _plain(value, repr(value))


def plain_real(value: float) -> str:
    """A real as Java's Float.toString."""
    return _special(value) or _plain(value, _short(value))


def _plain(value: float, text: str) -> str:
    """A number as Java writes it, by the digits of its text."""
    if value == 0:
        # a zero has its sign
        return str(value)
    if not 1e-3 <= abs(value) < 1e7:
        return _with_exponent(text)
    shown = format(Decimal(text), "f")
    if "." not in shown:
        shown += ".0"
    return shown


def _short(value: float) -> str:
    """The shortest text that is this value among reals."""
    wanted = struct.pack("f", value)
    # nine digits tell any two reals apart
    for after_point in range(9):
        text = f"{value:.{after_point}e}"
        if struct.pack("f", float(text)) == wanted:
            return text
    return repr(value)


def _special(value: float) -> str:
    """NaN or an infinity in Java's words; "" for any other number."""
    if isnan(value):
        return "NaN"
    if value == inf:
        return "Infinity"
    if value == -inf:
        return "-Infinity"
    return ""


def _with_exponent(text: str) -> str:
    """A number with one digit before the point: `1.235E2`, `-0E0`."""
    value = Decimal(text)
    minus = ""
    if value.is_signed():
        minus = "-"
    if value == 0:
        return f"{minus}0E0"
    digits = "".join(map(str, value.as_tuple().digits))
    first = digits[0]
    rest = digits[1:].rstrip("0") or "0"
    return f"{minus}{first}.{rest}E{value.adjusted()}"


def read_double(text: str, kind: str = "DOUBLE") -> float:
    """The double of a text. Raises Rejected, and NotHere for hexadecimal numbers."""
    match = DOUBLE.fullmatch(text)
    if match is not None:
        # Java reads 1f and 1d as numbers
        suffix = match["suffix"] or ""
        return float(match["number"].removesuffix(suffix))
    if HEXADECIMAL.fullmatch(text):
        raise NotHere("a hexadecimal number in a text")
    raise Rejected(f"Cannot cast '{text}' to {kind}")


def read_real(text: str) -> float:
    """The real of a text, in a double. Raises Rejected."""
    value = read_double(text, "REAL")
    try:
        data = struct.pack("f", value)
    except OverflowError:
        return copysign(inf, value)
    (real,) = struct.unpack("f", data)
    return float(real)


def read_decimal(text: str, precision: int, scale: int) -> Decimal:
    """The decimal of a text, rounded half up. Raises Rejected."""
    refusal = Rejected(f"Cannot cast VARCHAR '{text}' to DECIMAL({precision}, {scale})")
    if not DECIMAL.fullmatch(text):
        raise Rejected(f"{refusal}. Value is not a number.")
    try:
        return fitted(Decimal(text), precision, scale)
    except InvalidOperation:
        raise Rejected(f"{refusal}. Value too large.") from None


def fitted(value: Decimal, precision: int, scale: int) -> Decimal:
    """A number rounded half up to a scale.

    Raises InvalidOperation where it has too many digits.
    """
    with localcontext(WIDE):
        made = value.quantize(_step(scale))
        limit = Decimal(10) ** (precision - scale)
        if abs(made) >= limit:
            raise InvalidOperation
        return made


def double_decimal(value: float, precision: int, scale: int) -> Decimal:
    """A double as a decimal. Raises Rejected."""
    try:
        return fitted(Decimal(repr(value)), precision, scale)
    except InvalidOperation:
        shown = plain(value)
        raise Rejected(
            f"Cannot cast DOUBLE '{shown}' to DECIMAL({precision}, {scale})"
        ) from None


def real_decimal(value: float, precision: int, scale: int) -> Decimal:
    """A real as a decimal. Raises Rejected."""
    try:
        return fitted(Decimal(_short(value)), precision, scale)
    except (InvalidOperation, ValueError):
        shown = plain_real(value)
        raise Rejected(
            f"Cannot cast REAL '{shown}' to DECIMAL({precision}, {scale})"
        ) from None


def decimal_double(value: Decimal) -> float:
    """A decimal as a double, rounded once."""
    return float(value)


def rounded(value: float, kind: str) -> int:
    """A double as a whole number, half away from zero. Raises Rejected."""
    too_great = isinf(value) or abs(value) >= 2.0**63
    if isnan(value) or (too_great and kind == "bigint"):
        raise Rejected(f"Unable to cast {plain(value)} to {kind}")
    if too_great:
        raise Rejected(f"Out of range for {kind}: {plain(value)}")
    made = _half_up(abs(value))
    if value < 0:
        made = -made
    if not is_within(made, kind):
        raise Rejected(f"Out of range for {kind}: {plain(value)}")
    return made


def is_within(value: int, kind: str) -> bool:
    """True where a whole number is one of a type."""
    limit: int = 2 ** LIMITS[kind]
    return -limit <= value < limit


def _half_up(value: float) -> int:
    """A number that is not negative, rounded half up."""
    whole = floor(value)
    # adding a half before would round 0.49999999999999994 up
    if value - whole >= 0.5:
        return whole + 1
    return whole


# decimal arithmetic


def divided(left: Decimal, right: Decimal, precision: int, scale: int) -> Decimal:
    """left / right, rounded half up to the scale. Raises Rejected."""
    if right == 0:
        raise Rejected(DIVIDED)
    with localcontext(WIDE):
        return _kept(left / right, precision, scale)


def modulus(left: Decimal, right: Decimal) -> Decimal:
    """What is left of a division that rounds towards zero. Raises Rejected."""
    if right == 0:
        raise Rejected(DIVIDED)
    with localcontext(WIDE) as wide:
        wide.rounding = ROUND_DOWN
        times = (left / right).to_integral_value(rounding=ROUND_DOWN)
        return left - right * times


def multiplied(left: Decimal, right: Decimal, precision: int, scale: int) -> Decimal:
    """left * right. Raises Rejected."""
    with localcontext(WIDE):
        return _kept(left * right, precision, scale)


def _kept(value: Decimal, precision: int, scale: int) -> Decimal:
    """A decimal at its scale. Raises Rejected where it has too many digits."""
    try:
        return fitted(value, precision, scale)
    except InvalidOperation:
        raise Rejected("Decimal overflow") from None


def round_decimal(value: Decimal, digits: int, scale: int) -> Decimal:
    """ROUND of a decimal: half up to so many digits, then at a scale."""
    with localcontext(WIDE):
        rounded_up = value.quantize(_step(digits))
        return rounded_up.quantize(_step(scale))


def truncate_decimal(value: Decimal, digits: int, scale: int) -> Decimal:
    """TRUNCATE of a decimal: cut to so many digits, then at a scale."""
    with localcontext(WIDE):
        cut = value.quantize(_step(digits), rounding=ROUND_DOWN)
        return cut.quantize(_step(scale))


def _step(digits: int) -> Decimal:
    """The least number of so many digits after the point: 0.01 for 2."""
    return Decimal(1).scaleb(-digits)


def round_double(value: float, digits: int) -> float:
    """ROUND of a double: half away from zero, by way of a whole number where one holds it."""
    if isnan(value) or isinf(value):
        return value
    factor = 10.0**digits
    scaled = abs(value) * factor
    if scaled < 2.0**63:
        return copysign(_half_up(scaled) / factor, value)
    with localcontext(WIDE) as wide:
        wide.prec = 800
        exact = Decimal(repr(value))
        return float(exact.quantize(_step(digits)))


def truncate_double(value: float) -> float:
    """TRUNCATE of a double: the number without what is after the point."""
    if isnan(value) or isinf(value):
        return value
    return copysign(float(int(value)), value)


def round_whole(value: int, digits: int, kind: str) -> int:
    """A whole number rounded to tens (-1), hundreds (-2) and so on, half up.

    Raises Rejected.
    """
    if digits >= 0:
        return value
    factor = int(10**-digits)
    times = (abs(value) + factor // 2) // factor
    made = times * factor
    if made >= 2 ** LIMITS[kind]:
        raise Rejected(f"Value {value} is out of range for round({kind})")
    if value < 0:
        return -made
    return made


def to_base(value: int, radix: int) -> str:
    """A number in a base from 2 to 36. Raises Rejected."""
    _check_radix(radix)
    rest, digit = divmod(abs(value), radix)
    digits = DIGITS[digit]
    while rest:
        rest, digit = divmod(rest, radix)
        digits = DIGITS[digit] + digits
    if value < 0:
        return f"-{digits}"
    return digits


def from_base(text: str, radix: int) -> int:
    """A number of a base from 2 to 36. Raises Rejected."""
    _check_radix(radix)
    refusal = f"Not a valid base-{radix} number: {text}"
    if not re.fullmatch(r"[+-]?[0-9A-Za-z]+", text):
        raise Rejected(refusal)
    try:
        value = int(text, radix)
    except ValueError:
        raise Rejected(refusal) from None
    if not is_within(value, "bigint"):
        raise Rejected(refusal)
    return value


def _check_radix(radix: int) -> None:
    """Raises Rejected for a base that no digits are known of."""
    if not 2 <= radix <= 36:
        raise Rejected("Radix must be between 2 and 36")


def width_bucket(value: float, low: float, high: float, count: int) -> int:
    """In which of so many equal parts a value lies. Raises Rejected."""
    if count <= 0:
        raise Rejected("bucketCount must be greater than 0")
    if isnan(value):
        raise Rejected("operand must not be NaN")
    if isinf(low):
        raise Rejected("first bound must be finite")
    if isnan(low) or not isfinite(high):
        raise Rejected("second bound must be finite")
    if low == high:
        raise Rejected("bounds cannot equal each other")
    if low < high:
        return _bucket(value, low, high, count)
    # bounds that go down count from the other end
    return count + 1 - _bucket(value, high, low, count)


def _bucket(value: float, lower: float, upper: float, count: int) -> int:
    """The part of a value, from 1; 0 and one more than there are for those outside."""
    if value < lower:
        return 0
    if value >= upper:
        return count + 1
    width = upper - lower
    return int(count * (value - lower) / width + 1)


def width_bucket_of(value: float, bins: list[float]) -> int:
    """In which bin a value lies: how many of the sorted bounds it is not below.

    Raises Rejected, but only for bounds that the search comes across, as Trino does.
    """
    if not bins:
        raise Rejected("Bins cannot be an empty array")
    if isnan(value):
        raise Rejected("Operand cannot be NaN")
    low = 0
    high = len(bins)
    while low < high:
        if bins[low] > bins[high - 1]:
            raise Rejected("Bin values are not sorted in ascending order")
        middle = (low + high) // 2
        if value < bins[middle]:
            high = middle
        else:
            low = middle + 1
    return low
