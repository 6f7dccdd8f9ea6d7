"""Lengths of time as people write them in options, such as `90s`, `15m`, `24h` or `2d`."""

from __future__ import annotations

import re

from runner.errors import Usage

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds(option: str, text: str) -> int:
    """The seconds of an option's value. Raises Usage P109."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text)
    if found is None:
        raise Usage(
            "P109",
            f"{option} {text[:20]!r} is not a length of time",
            "write a number with s, m, h or d, such as 15m",
        )
    number, unit = found.groups()
    return int(number) * SECONDS[unit]
