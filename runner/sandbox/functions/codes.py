"""Codes of bytes: hexadecimal digits, base64, digests and check sums."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import zlib

from runner.sandbox.duck.nothere import NotHere, Rejected

LETTERS = {
    "base64": re.compile(r"[A-Za-z0-9+/]*={0,2}"),
    "base64url": re.compile(r"[A-Za-z0-9_-]*={0,2}"),
}


def from_hex(text: str) -> bytes:
    """FROM_HEX: the bytes of hexadecimal digits. Raises Rejected."""
    if len(text) % 2:
        raise Rejected(f"invalid input length {len(text)}")
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        raise Rejected("invalid hex character") from None


def base64_of(data: bytes, kind: str) -> str:
    """TO_BASE64, TO_BASE64URL, TO_BASE32."""
    match kind:
        case "base32":
            made = base64.b32encode(data)
        case "base64":
            made = base64.b64encode(data)
        case _:
            made = base64.urlsafe_b64encode(data)
    return made.decode()


def from_base64(text: str, kind: str) -> bytes:
    """FROM_BASE64, FROM_BASE64URL. Raises NotHere for a text that is none."""
    refusal = NotHere("a text that is not base64")
    if not LETTERS[kind].fullmatch(text):
        raise refusal
    bare = text.rstrip("=")
    if len(bare) % 4 == 1:
        raise refusal
    if "=" in text and len(text) % 4:
        raise refusal
    # Python wants the `=` at the end that Java does without
    missing = -len(bare) % 4
    whole = bare + "=" * missing
    if kind == "base64":
        return base64.b64decode(whole)
    return base64.urlsafe_b64decode(whole)


def digest(data: bytes, kind: str) -> bytes:
    """MD5, SHA1, SHA256, SHA512: the digest that `kind` names."""
    return hashlib.new(kind, data, usedforsecurity=False).digest()


def keyed_digest(data: bytes, key: bytes, kind: str) -> bytes:
    """HMAC_MD5 and its like. Raises Rejected."""
    if not key:
        raise Rejected("Empty key")
    return hmac.new(key, data, kind).digest()


def crc32(data: bytes) -> int:
    """CRC32, as a number that is never negative."""
    return zlib.crc32(data)


# xxHash's numbers are of 64 bits: what is greater is cut by _ALL_BITS
_ALL_BITS = 0xFFFFFFFFFFFFFFFF
_P1 = 0x9E3779B185EBCA87
_P2 = 0xC2B2AE3D27D4EB4F
_P3 = 0x165667B19E3779F9
_P4 = 0x85EBCA77C2B2AE63
_P5 = 0x27D4EB2F165667C5
_STRIPE = 32
"""Bytes of a stripe, which has one word of 8 for each of the four lanes."""


def _turned(value: int, bits: int) -> int:
    """A number whose bits go round to the left."""
    low = value >> (64 - bits)
    return ((value << bits) | low) & _ALL_BITS


def _mixed(before: int, word: int) -> int:
    """A lane with one more word."""
    made = (before + word * _P2) & _ALL_BITS
    return _turned(made, 31) * _P1 & _ALL_BITS


def _word(data: bytes) -> int:
    return int.from_bytes(data, "little")


def xxhash64(data: bytes) -> bytes:
    """XXHASH64 with seed 0, the first byte highest."""
    size = len(data)
    striped = size - size % _STRIPE
    made = _P5
    if striped:
        made = _stripes(data[:striped])
    made = (made + size) & _ALL_BITS
    made = _with_rest(made, data[striped:])
    return _avalanched(made).to_bytes(8, "big")


def _stripes(data: bytes) -> int:
    """The hash of whole stripes, whose words go to four lanes in turn."""
    lanes = [
        (_P1 + _P2) & _ALL_BITS,
        _P2,
        0,
        -_P1 & _ALL_BITS,
    ]
    for at in range(0, len(data), 8):
        lane = at // 8 % 4
        word = _word(data[at : at + 8])
        lanes[lane] = _mixed(lanes[lane], word)
    made = 0
    for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True):
        made += _turned(lane, bits)
    made &= _ALL_BITS
    for lane in lanes:
        made ^= _mixed(0, lane)
        made = (made * _P1 + _P4) & _ALL_BITS
    return made


def _with_rest(made: int, rest: bytes) -> int:
    """A hash with what is left of a stripe: words of 8 bytes, one of 4, single bytes."""
    while len(rest) >= 8:
        word = _word(rest[:8])
        made ^= _mixed(0, word)
        made = (_turned(made, 27) * _P1 + _P4) & _ALL_BITS
        rest = rest[8:]
    if len(rest) >= 4:
        word = _word(rest[:4])
        made ^= word * _P1 & _ALL_BITS
        made = (_turned(made, 23) * _P2 + _P3) & _ALL_BITS
        rest = rest[4:]
    for byte in rest:
        made ^= byte * _P5 & _ALL_BITS
        made = _turned(made, 11) * _P1 & _ALL_BITS
    return made


def _avalanched(made: int) -> int:
    """A hash in which every bit hangs on every bit."""
    made ^= made >> 33
    made = made * _P2 & _ALL_BITS
    made ^= made >> 29
    made = made * _P3 & _ALL_BITS
    return made ^ (made >> 32)


def big_endian(data: bytes, size: int) -> int:
    """FROM_BIG_ENDIAN_32 and 64, of 4 and 8 bytes. Raises Rejected."""
    if len(data) != size:
        raise Rejected(
            f"expected {size}-byte input, but got instead: {len(data)}-byte input"
        )
    return int.from_bytes(data, "big", signed=True)


def to_big_endian(value: int, size: int) -> bytes:
    """TO_BIG_ENDIAN_32 and 64, in 4 and 8 bytes."""
    return value.to_bytes(size, "big", signed=True)


def decoded(data: bytes) -> str:
    """FROM_UTF8. Raises NotHere for bytes that are no text.

    Trino puts replacement characters there, by rules of its own.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise NotHere("from_utf8 of bytes that are no text") from None
