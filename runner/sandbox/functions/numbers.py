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
from math import copysign, floor, inf, isinf, isnan

from runner.sandbox.duck.nothere import NotHere, Rejected

DIVIDED = "Division by zero"
LIMITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
DOUBLE = re.compile(
    r"[\x00-\x20]*([+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?))[\x00-\x20]*"
)
HEXADECIMAL = re.compile(r"[\x00-\x20]*[+-]?0[xX].*", re.DOTALL)
DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WIDE = Context(prec=200, rounding=ROUND_HALF_UP, Emin=-999999, Emax=999999)


def scientific(value: float) -> str:
    """A double as CAST makes it a text: `1.235E2`."""
    return _special(value) or _with_exponent(repr(value))


def scientific_real(value: float) -> str:
    """A real as CAST makes it a text: never more than seven digits, though some reals have more."""
    return _special(value) or _with_exponent(f"{value:.6e}")


def plain(value: float) -> str:
    """A double as Java's Double.toString: `123.5`, `1.0E7`."""
    if special := _special(value):
        return special
    return _plain(value, repr(value))


def plain_real(value: float) -> str:
    """A real as Java's Float.toString."""
    if special := _special(value):
        return special
    return _plain(value, _short(value))


def _plain(value: float, text: str) -> str:
    if value == 0:
        return "-0.0" if copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        shown = format(Decimal(text), "f")
        return shown if "." in shown else shown + ".0"
    return _with_exponent(text)


def _short(value: float) -> str:
    """The shortest text that is this value among reals."""
    for digits in range(1, 10):
        text = f"{value:.{digits - 1}e}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return text
    return repr(value)


def _special(value: float) -> str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return ""


def _with_exponent(text: str) -> str:
    sign, digits, _ = Decimal(text).as_tuple()
    exponent = Decimal(text).adjusted() - len(digits) + 1
    written = "".join(map(str, digits)).lstrip("0")
    if not written:
        return "-0E0" if sign else "0E0"
    power = len(written) - 1 + exponent
    rest = written[1:].rstrip("0") or "0"
    return f"{'-' if sign else ''}{written[0]}.{rest}E{power}"


def read_double(text: str, kind: str = "DOUBLE") -> float:
    """The double of a text. Raises Rejected, and NotHere for hexadecimal numbers."""
    if not (match := DOUBLE.fullmatch(text)):
        if HEXADECIMAL.fullmatch(text):
            raise NotHere("a hexadecimal number in a text")
        raise Rejected(f"Cannot cast '{text}' to {kind}")
    return float(match[1].rstrip("fFdD") if match[1][-1] not in "yN" else match[1])


def read_real(text: str) -> float:
    """The real of a text, in a double. Raises Rejected."""
    value = read_double(text, "REAL")
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return copysign(inf, value)


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
    """Rounded half up to a scale. Raises InvalidOperation where it has too many digits."""
    with localcontext(WIDE):
        made = value.quantize(Decimal(1).scaleb(-scale))
        if abs(made) >= Decimal(10) ** (precision - scale):
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
    if isnan(value) or isinf(value) or abs(value) >= 2.0**63:
        if kind == "bigint" or isnan(value):
            raise Rejected(f"Unable to cast {scientific_or_plain(value)} to {kind}")
        raise Rejected(f"Out of range for {kind}: {scientific_or_plain(value)}")
    whole = _half_up(abs(value))
    made = -whole if value < 0 else whole
    bits = LIMITS[kind]
    if not -(2**bits) <= made < 2**bits:
        raise Rejected(f"Out of range for {kind}: {scientific_or_plain(value)}")
    return made


def scientific_or_plain(value: float) -> str:
    """A double in a message."""
    return plain(value)


def _half_up(value: float) -> int:
    whole = floor(value)
    return int(whole) + (1 if value - whole >= 0.5 else 0)


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
        return left - right * (left / right).to_integral_value(rounding=ROUND_DOWN)


def multiplied(left: Decimal, right: Decimal, precision: int, scale: int) -> Decimal:
    """left * right. Raises Rejected."""
    with localcontext(WIDE):
        return _kept(left * right, precision, scale)


def _kept(value: Decimal, precision: int, scale: int) -> Decimal:
    try:
        return fitted(value, precision, scale)
    except InvalidOperation:
        raise Rejected("Decimal overflow") from None


def round_decimal(value: Decimal, digits: int, scale: int) -> Decimal:
    """Rounded half up to so many digits, at a scale."""
    with localcontext(WIDE):
        return value.quantize(Decimal(1).scaleb(-digits)).quantize(
            Decimal(1).scaleb(-scale)
        )


def truncate_decimal(value: Decimal, digits: int, scale: int) -> Decimal:
    """Cut to so many digits, at a scale."""
    with localcontext(WIDE):
        cut = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)
        return cut.quantize(Decimal(1).scaleb(-scale))


def round_double(value: float, digits: int) -> float:
    """ROUND of a double: half up, away from zero, by way of a whole number where one holds it."""
    if isnan(value) or isinf(value):
        return value
    factor = 10.0**digits
    scaled = abs(value) * factor
    if scaled < 2.0**63:
        return copysign(_half_up(scaled) / factor, value)
    with localcontext(WIDE) as wide:
        wide.prec = 800
        return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits)))


def truncate_double(value: float) -> float:
    """Without what is after the point."""
    if isnan(value) or isinf(value):
        return value
    return copysign(float(int(value)), value)


def round_whole(value: int, digits: int, kind: str) -> int:
    """A whole number rounded to tens (-1), hundreds (-2) and so on, half up. Raises Rejected."""
    if digits >= 0:
        return value
    factor = int(10**-digits)
    made = (abs(value) + factor // 2) // factor * factor
    if made >= 2 ** LIMITS[kind]:
        raise Rejected(f"Value {value} is out of range for round({kind})")
    return -made if value < 0 else made


def to_base(value: int, radix: int) -> str:
    """A number in a base from 2 to 36. Raises Rejected."""
    _check_radix(radix)
    digits = ""
    rest = abs(value)
    while rest or not digits:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % radix] + digits
        rest //= radix
    return f"-{digits}" if value < 0 else digits


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
    if not -(2**63) <= value < 2**63:
        raise Rejected(refusal)
    return value


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise Rejected("Radix must be between 2 and 36")


def width_bucket(value: float, low: float, high: float, count: int) -> int:
    """In which of so many equal parts a value lies. Raises Rejected."""
    if count <= 0:
        raise Rejected("bucketCount must be greater than 0")
    if isnan(value):
        raise Rejected("operand must not be NaN")
    if isnan(low) or isinf(low) or isnan(high) or isinf(high):
        raise Rejected(
            "first bound must be finite"
            if isinf(low)
            else "second bound must be finite"
        )
    if low == high:
        raise Rejected("bounds cannot equal each other")
    lower, upper = min(low, high), max(low, high)
    if value < lower:
        place = 0
    elif value >= upper:
        place = count + 1
    else:
        place = int(count * (value - lower) / (upper - lower) + 1)
    return count - place + 1 if low > high else place


def width_bucket_of(value: float, bins: list[float]) -> int:
    """In which bin a value lies. Raises Rejected."""
    if not bins:
        raise Rejected("Bins cannot be an empty array")
    if isnan(value):
        raise Rejected("Operand cannot be NaN")
    low, high = 0, len(bins)
    while low < high:
        if bins[low] > bins[high - 1]:
            raise Rejected("Bin values are not sorted in ascending order")
        middle = (low + high) // 2
        if value < bins[middle]:
            high = middle
        else:
            low = middle + 1
    return low
