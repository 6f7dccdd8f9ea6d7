"""Texts, codes and web addresses as Trino takes them apart and puts them together."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
import zlib
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from runner.sandbox.duck.nothere import NotHere, Rejected
from runner.sandbox.functions import numbers

ADDRESS = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.DOTALL,
)
LEGAL = re.compile(
    r"(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-Fa-f]{2}|[^\x00-\xa0\u2000-\u200f\u2028\u2029])*"
)


def upper(text: str) -> str:
    """UPPER, letter by letter: ß has no single capital letter in Java."""
    return "".join(one.upper() if len(one.upper()) == 1 else one for one in text)


def reverse(text: str) -> str:
    """REVERSE, by code points."""
    return text[::-1]


def split(text: str, delimiter: str, most: int | None = None) -> list[str]:
    """SPLIT. Raises Rejected."""
    if not delimiter:
        raise Rejected("The delimiter may not be the empty string")
    if most is not None and most <= 0:
        raise Rejected("Limit must be positive")
    return text.split(delimiter) if most is None else text.split(delimiter, most - 1)


def split_part(text: str, delimiter: str, index: int) -> str | None:
    """SPLIT_PART; None past the end. Raises Rejected."""
    if index <= 0:
        raise Rejected("Index must be greater than zero")
    parts = text.split(delimiter) if delimiter else list(text)
    if not delimiter and index > len(parts):
        return None
    return parts[index - 1] if index <= len(parts) else None


def _pairs(text: str, entries: str, keys: str) -> list[tuple[str, str]]:
    if not entries or not keys:
        raise Rejected(f"{'entry' if not entries else 'keyValue'}Delimiter is empty")
    if entries == keys:
        raise Rejected("entryDelimiter and keyValueDelimiter must not be the same")
    found = []
    for entry in (
        [one for one in text.split(entries) if one]
        if text.endswith(entries)
        else text.split(entries)
    ):
        if not text:
            break
        parts = entry.split(keys)
        if len(parts) != 2:
            raise Rejected(
                f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
            )
        found.append((parts[0], parts[1]))
    return found


def split_to_map(text: str, entries: str, keys: str) -> dict[str, str]:
    """SPLIT_TO_MAP. Raises Rejected."""
    made: dict[str, str] = {}
    for key, value in _pairs(text, entries, keys):
        if key in made:
            raise Rejected(f"Duplicate keys ({key}) are not allowed")
        made[key] = value
    return made


def split_to_multimap(text: str, entries: str, keys: str) -> dict[str, list[str]]:
    """SPLIT_TO_MULTIMAP. Raises Rejected."""
    made: dict[str, list[str]] = {}
    for key, value in _pairs(text, entries, keys):
        made.setdefault(key, []).append(value)
    return made


def padded(text: str, length: int, filling: str, side: str) -> str:
    """LPAD and RPAD. Raises Rejected."""
    if not 0 <= length <= 2**31 - 1:
        raise Rejected("Target length must be in the range [0..2147483647]")
    if not filling:
        raise Rejected("Padding string must not be empty")
    if length <= len(text):
        return text[:length]
    missing = length - len(text)
    more = (filling * (missing // len(filling) + 1))[:missing]
    return more + text if side == "left" else text + more


def position(text: str, wanted: str, occurrence: int = 1) -> int:
    """STRPOS of an occurrence; from the end where it is negative. Raises Rejected."""
    if occurrence == 0:
        raise Rejected("'instance' must be a positive or negative number.")
    if not wanted:
        return 1
    at = -1 if occurrence > 0 else len(text)
    for _ in range(abs(occurrence)):
        at = (
            text.find(wanted, at + 1)
            if occurrence > 0
            else text.rfind(wanted, 0, max(at + len(wanted) - 1, 0))
        )
        if at < 0:
            return 0
    return at + 1


def concat_ws(separator: str | None, parts: list[str | None]) -> str | None:
    """CONCAT_WS: without what is NULL."""
    return (
        None
        if separator is None
        else separator.join(one for one in parts if one is not None)
    )


def translate(text: str, old: str, new: str) -> str:
    """TRANSLATE: the first place of a letter counts."""
    places: dict[str, str] = {}
    for number, letter in enumerate(old):
        places.setdefault(letter, new[number] if number < len(new) else "")
    return "".join(places.get(letter, letter) for letter in text)


def trimmed(text: str, letters: str, side: str) -> str:
    """TRIM of given letters."""
    if side == "leading":
        return text.lstrip(letters) if letters else text
    if side == "trailing":
        return text.rstrip(letters) if letters else text
    return text.strip(letters) if letters else text


def levenshtein(left: str, right: str) -> int:
    """LEVENSHTEIN_DISTANCE."""
    before = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        now = [row]
        for column, other in enumerate(right, 1):
            now.append(
                min(
                    before[column] + 1, now[-1] + 1, before[column - 1] + (one != other)
                )
            )
        before = now
    return before[-1]


def hamming(left: str, right: str) -> int:
    """HAMMING_DISTANCE. Raises Rejected."""
    if len(left) != len(right):
        raise Rejected(
            "The input strings to hamming_distance function must have the same length"
        )
    return sum(one != other for one, other in zip(left, right, strict=True))


def luhn(text: str) -> bool:
    """LUHN_CHECK. Raises Rejected."""
    if not text:
        return False
    if not re.fullmatch(r"[0-9]+", text):
        raise Rejected("luhn_check function can only be used with strings of digits")
    digits = [int(one) for one in reversed(text)]
    doubled = (sum(divmod(2 * one, 10)) for one in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def normalized(text: str, form: str) -> str:
    """NORMALIZE."""
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def ngrams(items: list[Any], length: int) -> list[list[Any]]:
    """NGRAMS. Raises Rejected."""
    if length <= 0:
        raise Rejected("N must be positive")
    return [items[at : at + length] for at in range(max(len(items) - length, 0) + 1)]


# codes


def from_hex(text: str) -> bytes:
    """FROM_HEX. Raises Rejected."""
    if len(text) % 2:
        raise Rejected(f"invalid input length {len(text)}")
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        raise Rejected("invalid hex character") from None


def base64_of(data: bytes, kind: str) -> str:
    """TO_BASE64, TO_BASE64URL, TO_BASE32."""
    if kind == "base32":
        return base64.b32encode(data).decode()
    return (
        base64.b64encode(data) if kind == "base64" else base64.urlsafe_b64encode(data)
    ).decode()


def from_base64(text: str, kind: str) -> bytes:
    """FROM_BASE64, FROM_BASE64URL. Raises NotHere for a text that is none."""
    letters = r"[A-Za-z0-9+/]*={0,2}" if kind == "base64" else r"[A-Za-z0-9_-]*={0,2}"
    if not re.fullmatch(letters, text) or len(text.rstrip("=")) % 4 == 1:
        raise NotHere("a text that is not base64")
    whole = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    if "=" in text and len(text) % 4:
        raise NotHere("a text that is not base64")
    return (
        base64.b64decode(whole) if kind == "base64" else base64.urlsafe_b64decode(whole)
    )


def digest(data: bytes, kind: str) -> bytes:
    """MD5, SHA1, SHA256, SHA512."""
    return hashlib.new(kind, data, usedforsecurity=False).digest()


def keyed_digest(data: bytes, key: bytes, kind: str) -> bytes:
    """HMAC_MD5 and its like. Raises Rejected."""
    if not key:
        raise Rejected("Empty key")
    return hmac.new(key, data, kind).digest()


def crc32(data: bytes) -> int:
    """CRC32."""
    return zlib.crc32(data)


_ROUND = 0xFFFFFFFFFFFFFFFF
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _turned(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _ROUND


def _mixed(before: int, part: int) -> int:
    return _turned((before + part * _P2) & _ROUND, 31) * _P1 & _ROUND


def xxhash64(data: bytes) -> bytes:
    """XXHASH64 with seed 0, the first byte highest."""
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(_P1 + _P2) & _ROUND, _P2, 0, -_P1 & _ROUND]
        while at <= size - 32:
            for lane in range(4):
                part = int.from_bytes(data[at + 8 * lane : at + 8 * lane + 8], "little")
                lanes[lane] = _mixed(lanes[lane], part)
            at += 32
        made = (
            sum(
                _turned(lane, bits)
                for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)
            )
            & _ROUND
        )
        for lane in lanes:
            made = ((made ^ _mixed(0, lane)) * _P1 + _P4) & _ROUND
    else:
        made = _P5
    made = (made + size) & _ROUND
    return _finished(made, data[at:]).to_bytes(8, "big")


def _finished(made: int, rest: bytes) -> int:
    at = 0
    while at + 8 <= len(rest):
        made ^= _mixed(0, int.from_bytes(rest[at : at + 8], "little"))
        made = (_turned(made, 27) * _P1 + _P4) & _ROUND
        at += 8
    if at + 4 <= len(rest):
        made ^= int.from_bytes(rest[at : at + 4], "little") * _P1 & _ROUND
        made = (_turned(made, 23) * _P2 + _P3) & _ROUND
        at += 4
    for byte in rest[at:]:
        made = _turned(made ^ (byte * _P5 & _ROUND), 11) * _P1 & _ROUND
    made = (made ^ (made >> 33)) * _P2 & _ROUND
    made = (made ^ (made >> 29)) * _P3 & _ROUND
    return made ^ (made >> 32)


def big_endian(data: bytes, size: int) -> int:
    """FROM_BIG_ENDIAN_32 and 64. Raises Rejected."""
    if len(data) != size:
        raise Rejected(
            f"expected {size}-byte input, but got instead: {len(data)}-byte input"
        )
    return int.from_bytes(data, "big", signed=True)


def to_big_endian(value: int, size: int) -> bytes:
    """TO_BIG_ENDIAN_32 and 64."""
    return value.to_bytes(size, "big", signed=True)


def decoded(data: bytes) -> str:
    """FROM_UTF8: what is no text becomes a replacement character."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise NotHere("from_utf8 of bytes that are no text") from None


# web addresses


def _address(text: str) -> re.Match[str] | None:
    """The parts of an address; None where Java's URI refuses it."""
    if not LEGAL.fullmatch(text):
        return None
    match = ADDRESS.fullmatch(text)
    if match and (text.startswith(":") or re.search(r"#.*#", text)):
        return None
    return match


def address_part(text: str, part: str) -> str | None:
    """URL_EXTRACT_PROTOCOL, HOST, PATH, QUERY and FRAGMENT."""
    match = _address(text)
    if not match:
        return None
    protocol, authority, path, query, fragment = match.groups()
    match part:
        case "protocol":
            return protocol or ""
        case "path":
            return (
                ""
                if protocol and authority is None and not path.startswith("/")
                else _unquoted(path)
            )
        case "query":
            return _unquoted(query or "")
        case "fragment":
            return _unquoted(fragment or "")
        case _:
            return _host(authority)[0]


def address_port(text: str) -> int | None:
    """URL_EXTRACT_PORT."""
    match = _address(text)
    return _host(match[2])[1] if match else None


def _host(authority: str | None) -> tuple[str, int | None]:
    found = re.fullmatch(
        r"(?:[^@]*@)?([A-Za-z0-9.-]*[A-Za-z0-9]\.?|\[[0-9A-Fa-f:.]+\])(?::(\d*))?",
        authority or "",
    )
    if not found or not _is_host(found[1]):
        return "", None
    return found[1], int(found[2]) if found[2] else None


def _is_host(name: str) -> bool:
    labels = name.rstrip(".").split(".")
    if name.startswith("[") or re.fullmatch(r"\d+(\.\d+){3}", name):
        return True
    good = all(
        re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", label)
        for label in labels
    )
    return good and labels[-1][0].isalpha()


def _unquoted(text: str) -> str:
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise NotHere("a web address with bytes that are no text") from None


def address_parameter(text: str, name: str) -> str | None:
    """URL_EXTRACT_PARAMETER: the first of this name."""
    match = _address(text)
    if not match or match[4] is None:
        return None
    for pair in match[4].split("&"):
        key, equals, value = pair.partition("=")
        if _unquoted(key.replace("+", " ")) == name:
            return _unquoted(value.replace("+", " ")) if equals else ""
    return None


def address_encoded(text: str) -> str:
    """URL_ENCODE."""
    return quote(text, safe="-_.* ").replace("~", "%7E").replace(" ", "+")


def address_decoded(text: str) -> str:
    """URL_DECODE. Raises Rejected."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise NotHere("url_decode of a text with a lone %")
    return _unquoted(text.replace("+", " "))


# FORMAT

DIRECTIVE = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")


def formatted(pattern: str, *values: Any) -> str:
    """FORMAT, as Java's String.format. Raises Rejected, NotHere."""
    pieces, last, used = [], 0, 0
    for match in DIRECTIVE.finditer(pattern):
        between = pattern[last : match.start()]
        if "%" in between or match[1]:
            raise NotHere(f"format with {pattern}")
        pieces.append(between)
        last = match.end()
        if match[5] in "%n":
            pieces.append("%" if match[5] == "%" else "\n")
            continue
        if used >= len(values):
            raise Rejected(
                f"Invalid format string: {pattern} (MissingFormatArgument: Format specifier '{match[0]}')"
            )
        pieces.append(_directive(match, values[used]))
        used += 1
    if "%" in pattern[last:]:
        raise NotHere(f"format with {pattern}")
    return "".join([*pieces, pattern[last:]])


def _directive(match: re.Match[str], value: Any) -> str:
    flags, width, digits, kind = match[2], match[3], match[4], match[5]
    if (
        set(flags) - set("-0,+")
        or kind not in "sdfS"
        or ("-" in flags and "0" in flags)
    ):
        raise NotHere(f"format with {match[0]}")
    if value is None:
        made = "null"
    elif kind in "sS":
        made = _java_text(value)
    elif kind == "d":
        if isinstance(value, bool) or not isinstance(value, int):
            raise NotHere("format with %d of what is no whole number")
        made = _grouped(f"{abs(value):d}", flags, negative=value < 0, width=width)
    else:
        made = _fixed(value, flags, digits, width)
    if kind in "sS" and digits:
        made = made[: int(digits)]
    if kind == "S":
        made = made.upper()
    if kind in "sS" and set(flags) - {"-"}:
        raise NotHere(f"format with {match[0]}")
    return made.ljust(int(width or 0)) if "-" in flags else made.rjust(int(width or 0))


def _fixed(value: Any, flags: str, digits: str | None, width: str | None) -> str:
    if isinstance(value, (bool, int)) or not isinstance(value, (float, Decimal)):
        raise NotHere("format with %f of what is no number with a fraction")
    if not isfinite(value):
        raise NotHere("format with %f of NaN or Infinity")
    scale = int(digits) if digits is not None else 6
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    whole = numbers.fitted(abs(exact), 150, scale)
    return _grouped(format(whole, "f"), flags, negative=exact.is_signed(), width=width)


def _grouped(digits: str, flags: str, *, negative: bool, width: str | None) -> str:
    if "," in flags:
        whole, point, rest = digits.partition(".")
        digits = f"{int(whole):,}" + point + rest
    sign = "-" if negative else ("+" if "+" in flags else "")
    if "0" in flags:
        if not width:
            raise NotHere("format with 0 and no width")
        return sign + digits.rjust(int(width) - len(sign), "0")
    return sign + digits


def _java_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return numbers.plain(value)
        case Decimal():
            return (
                format(value, "f")
                if value == 0 or value.adjusted() >= -6
                else str(value)
            )
        case int() | str():
            return str(value)
        case _:
            raise NotHere(f"format of such a value: {type(value).__name__}")
