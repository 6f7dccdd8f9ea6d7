"""Web addresses as Java's URI takes them apart."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from runner.sandbox.duck.nothere import NotHere

ADDRESS = re.compile(
    r"(?:(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*):)?"
    r"(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?"
    r"(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
LEGAL = re.compile(
    r"(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]"
    r"|%[0-9A-Fa-f]{2}"
    r"|[^\x00-\xa0\u2000-\u200f\u2028\u2029])*"
)
HOST = re.compile(
    r"(?:[^@]*@)?"
    r"(?P<name>[A-Za-z0-9.-]*[A-Za-z0-9]\.?|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d*))?"
)
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
NUMERIC = re.compile(r"\d+(\.\d+){3}")


def _address(text: str) -> re.Match[str] | None:
    """The parts of an address; None where Java's URI refuses it."""
    if not LEGAL.fullmatch(text):
        return None
    if text.startswith(":") or re.search(r"#.*#", text):
        return None
    return ADDRESS.fullmatch(text)


def address_part(text: str, part: str) -> str | None:
    """URL_EXTRACT_PROTOCOL, HOST, PATH, QUERY and FRAGMENT.

    "" for a part that an address does not have; None where it is no address.
    """
    address = _address(text)
    if address is None:
        return None
    match part:
        case "protocol":
            return address["protocol"] or ""
        case "path":
            return _path(address)
        case "query" | "fragment":
            return _unquoted(address[part] or "")
        case _:
            name, _ = _host(address["authority"])
            return name


def _path(address: re.Match[str]) -> str:
    """The path of an address, without %-codes. Raises NotHere."""
    path = address["path"]
    is_opaque = address["protocol"] and address["authority"] is None
    # of `mailto:someone`, Java knows no path
    if is_opaque and not path.startswith("/"):
        return ""
    return _unquoted(path)


def address_port(text: str) -> int | None:
    """URL_EXTRACT_PORT; None where there is none."""
    address = _address(text)
    if address is None:
        return None
    _, port = _host(address["authority"])
    return port


def _host(authority: str | None) -> tuple[str, int | None]:
    """The host and the port of what stands behind `//`: "" and None where it has none."""
    found = HOST.fullmatch(authority or "")
    if found is None or not _is_host(found["name"]):
        return "", None
    if not found["port"]:
        return found["name"], None
    return found["name"], int(found["port"])


def _is_host(name: str) -> bool:
    """True for an address in numbers, and for a name whose last label is not a number."""
    if name.startswith("[") or NUMERIC.fullmatch(name):
        return True
    labels = name.rstrip(".").split(".")
    for label in labels:
        if not LABEL.fullmatch(label):
            return False
    return labels[-1][0].isalpha()


def _unquoted(text: str) -> str:
    """A text without its %-codes. Raises NotHere where they are no text."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise NotHere("a web address with bytes that are no text") from None


def address_parameter(text: str, name: str) -> str | None:
    """URL_EXTRACT_PARAMETER: the value of the first parameter of this name.

    "" where it has no value; None where there is no such parameter.
    """
    address = _address(text)
    if address is None or address["query"] is None:
        return None
    for pair in address["query"].split("&"):
        key, _, value = pair.partition("=")
        if _unquoted(key.replace("+", " ")) == name:
            return _unquoted(value.replace("+", " "))
    return None


def address_encoded(text: str) -> str:
    """URL_ENCODE, as a form is sent: a space is a plus."""
    quoted = quote(text, safe="-_.* ")
    # Python never quotes the tilde, Java always does
    return quoted.replace("~", "%7E").replace(" ", "+")


def address_decoded(text: str) -> str:
    """URL_DECODE. Raises Rejected."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise NotHere("url_decode of a text with a lone %")
    return _unquoted(text.replace("+", " "))
