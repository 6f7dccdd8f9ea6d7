"""Functions of texts, codes and web addresses."""

from __future__ import annotations

from runner.sandbox.duck.casts import as_text
from runner.sandbox.duck.nothere import Rejected
from runner.sandbox.duck.site import Emitter, Emitters, Site, in_python, native
from runner.sandbox.duck.storage import INTEGERS, is_text, python, text
from runner.sandbox.functions import patterns

CONTROL = "'[\\x00-\\x1f\\x7f\\x{80}-\\x{9f}]'"
"""RE2's words for the control characters that Trino knows."""

FORMS = frozenset({"NFC", "NFD", "NFKC", "NFKD"})
FORMATTED = frozenset({*INTEGERS, "varchar", "boolean", "double", "decimal", "unknown"})
"""Types whose values arrive in Python as FORMAT takes them."""


def _check_text(site: Site) -> None:
    """Raises NotHere where the first argument is no text."""
    if not is_text(site.kind) and site.base != "unknown":
        raise site.refuse()


def _length(site: Site) -> str:
    """LENGTH, in letters of a text or in bytes."""
    if site.base == "varbinary":
        return f"octet_length({site.first})"
    _check_text(site)
    return f"length({site.first})"


def _substring(site: Site) -> str:
    """SUBSTR from a place, with a length or to the end."""
    _check_text(site)
    listed = ", ".join(site.arguments)
    return f"trino_substr{site.count}({listed})"


def _concat(site: Site) -> str:
    """CONCAT of texts, bytes or arrays. Raises Rejected, NotHere."""
    if site.count < 2:
        raise Rejected("There must be two or more concatenation arguments")
    arrays = all(kind.base == "array" for kind in site.types)
    if site.returns.base in {"varchar", "varbinary"} or arrays:
        joined = " || ".join(site.arguments)
        return f"({joined})"
    raise site.refuse()


def _concat_ws(site: Site) -> str:
    """CONCAT_WS of texts, or of one array of them."""
    bases = [kind.base for kind in site.types]
    if bases[1:] == ["array"]:
        return python("concat_ws", "VARCHAR", *site.arguments)
    parts = ", ".join(site.arguments[1:])
    array = f"CAST([{parts}] AS VARCHAR[])"
    return python("concat_ws", "VARCHAR", site.first, array)


def _strpos(site: Site) -> str:
    """STRPOS of the first occurrence, or of the one with a number."""
    if site.count == 2:
        return f"CAST(strpos({site.first}, {site.second}) AS BIGINT)"
    return site.python("position")


def _reverse(site: Site) -> str:
    """REVERSE of a text or an array."""
    if site.base == "array":
        return f"list_reverse({site.first})"
    _check_text(site)
    return site.python("reverse")


def _regexp_like(site: Site) -> str:
    """REGEXP_LIKE: DuckDB is faster than Python, where its expressions find the same."""
    pattern = site.literal(1)
    if pattern is None:
        return site.python("regexp_like")
    if pattern == patterns.CONTROL:
        return f"regexp_matches({site.first}, {CONTROL})"
    if patterns.is_simple(pattern):
        return f"regexp_matches({site.first}, {text(pattern)})"
    _check_pattern(pattern)
    return site.python("regexp_like")


def _check_pattern(pattern: str) -> None:
    """Raises NotHere or Rejected for a literal pattern, before the query runs."""
    patterns.compiled(pattern)


def _regexp(function: str) -> Emitter:
    """A function of regular expressions, without a lambda."""

    def emit(site: Site) -> str:
        pattern = site.literal(1)
        if pattern is not None:
            _check_pattern(pattern)
        bases = {kind.base for kind in site.types}
        if not bases <= {"varchar", "integer", "bigint", "unknown"}:
            raise site.refuse("a lambda")
        return site.python(function)

    return emit


def _formatted(site: Site) -> str:
    """FORMAT: Python writes each value as Java does, but gets a date as a text."""
    arguments = []
    for sql, kind in zip(site.arguments, site.types, strict=True):
        if kind.base == "date":
            arguments.append(as_text(sql, kind))
        elif kind.base in FORMATTED:
            arguments.append(sql)
        else:
            raise site.refuse()
    return python("format", "VARCHAR", *arguments)


def _normalized(site: Site) -> str:
    """NORMALIZE in a form that is a literal. Raises NotHere."""
    form: str | None = "NFC"
    if site.count > 1:
        form = site.literal(1)
    if form is None or form.upper() not in FORMS:
        raise site.refuse()
    return python("normalize", "VARCHAR", site.first, text(form.upper()))


def _from_utf8(site: Site) -> str:
    """FROM_UTF8 without a replacement character of its own. Raises NotHere."""
    if site.count > 1:
        raise site.refuse()
    return site.python("from_utf8")


def _replace(site: Site) -> str:
    """REPLACE, also of the empty text, which DuckDB finds nowhere."""
    old = site.second
    new = "''"
    if site.count > 2:
        new = site.arguments[2]
    if site.literal(1):
        return f"replace({site.first}, {old}, {new})"
    return python("replace", "VARCHAR", site.first, old, new)


def _upper(site: Site) -> str:
    """UPPER, letter by letter."""
    _check_text(site)
    return f"trino_upper({site.first})"


def _lower(site: Site) -> str:
    """LOWER, letter by letter."""
    _check_text(site)
    return f"lower({site.first})"


def _trim(name: str, side: str) -> Emitter:
    """TRIM of white space, or of given letters, on one side or on `both`."""

    def emit(site: Site) -> str:
        _check_text(site)
        if site.count == 1:
            return f"trino_{name}({site.first})"
        return python("trimmed", "VARCHAR", *site.arguments, text(side))

    return emit


def _itself(site: Site) -> str:
    """JSON is a text for DuckDB, in the form that Trino shows."""
    return site.first


TEXTS: Emitters = {
    "length": _length,
    "substr": _substring,
    "substring": _substring,
    "upper": _upper,
    "lower": _lower,
    "trim": _trim("trim", "both"),
    "ltrim": _trim("ltrim", "leading"),
    "rtrim": _trim("rtrim", "trailing"),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "strpos": _strpos,
    "split": in_python("split"),
    "split_part": in_python("split_part"),
    "split_to_map": in_python("split_to_map"),
    "split_to_multimap": in_python("split_to_multimap"),
    "reverse": _reverse,
    "replace": _replace,
    "translate": in_python("translate"),
    "starts_with": native("starts_with"),
    "lpad": in_python("padded", text("left")),
    "rpad": in_python("padded", text("right")),
    "codepoint": in_python("codepoint"),
    "chr": in_python("chr"),
    "levenshtein_distance": in_python("levenshtein"),
    "hamming_distance": in_python("hamming"),
    "luhn_check": in_python("luhn"),
    "normalize": _normalized,
    "format": _formatted,
    "regexp_like": _regexp_like,
    "regexp_extract": _regexp("regexp_extract"),
    "regexp_extract_all": _regexp("regexp_extract_all"),
    "regexp_replace": _regexp("regexp_replace"),
    "regexp_split": _regexp("regexp_split"),
    "regexp_count": _regexp("regexp_count"),
    "regexp_position": _regexp("regexp_position"),
    "to_utf8": native("encode"),
    "from_utf8": _from_utf8,
    "to_hex": native("hex"),
    "from_hex": in_python("from_hex"),
    "to_base64": in_python("to_base", text("base64")),
    "to_base64url": in_python("to_base", text("base64url")),
    "to_base32": in_python("to_base", text("base32")),
    "from_base64": in_python("from_base64", text("base64")),
    "from_base64url": in_python("from_base64", text("base64url")),
    "md5": in_python("digest", text("md5")),
    "sha1": in_python("digest", text("sha1")),
    "sha256": in_python("digest", text("sha256")),
    "sha512": in_python("digest", text("sha512")),
    "hmac_md5": in_python("keyed_digest", text("md5")),
    "hmac_sha1": in_python("keyed_digest", text("sha1")),
    "hmac_sha256": in_python("keyed_digest", text("sha256")),
    "hmac_sha512": in_python("keyed_digest", text("sha512")),
    "crc32": in_python("crc32"),
    "xxhash64": in_python("xxhash64"),
    "from_big_endian_64": in_python("big_endian", "8"),
    "from_big_endian_32": in_python("big_endian", "4"),
    "to_big_endian_64": in_python("to_big_endian", "8"),
    "to_big_endian_32": in_python("to_big_endian", "4"),
    "url_extract_protocol": in_python("address_part", text("protocol")),
    "url_extract_host": in_python("address_part", text("host")),
    "url_extract_path": in_python("address_part", text("path")),
    "url_extract_query": in_python("address_part", text("query")),
    "url_extract_fragment": in_python("address_part", text("fragment")),
    "url_extract_port": in_python("address_port"),
    "url_extract_parameter": in_python("address_parameter"),
    "url_encode": in_python("address_encoded"),
    "url_decode": in_python("address_decoded"),
    "json_parse": in_python("json_parse"),
    "json_format": _itself,
    "json_extract": in_python("json_extract"),
    "json_extract_scalar": in_python("json_extract_scalar"),
    "json_size": in_python("json_size"),
    "json_array_length": in_python("json_array_length"),
    "json_array_get": in_python("json_array_get"),
    "json_array_contains": in_python("json_array_contains"),
    "is_json_scalar": in_python("is_json_scalar"),
}
