"""A notice to a webhook, such as Slack's: posted once, or twice at most, and never in
the way of anything.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import requests
import urllib3

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to answer."""

PAUSE = 1.0
"""Seconds before the second and last try."""


def post(address: str, text: str, *, pause: float = PAUSE) -> str:
    """Post a notice as Slack takes it; why it could not be delivered, or nothing.

    The address is a secret: neither it nor the words of an exception, which would hold
    it, are in the answer.
    """
    if not _is_web(address):
        return "the address does not begin with https:// or http://"
    why, may_pass = _tried(address, text)
    if may_pass:
        time.sleep(pause)
        why, _ = _tried(address, text)
    return why


def _tried(address: str, text: str) -> tuple[str, bool]:
    """Why it was not delivered, or nothing, and whether a second try may mend that."""
    try:
        # a redirect could lead anywhere, and nobody needs what is answered: a body that
        # never ends is not read
        with requests.post(
            address,
            json={"text": text},
            timeout=TIMEOUT,
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
    except requests.Timeout:
        return "it did not answer in time", True
    except requests.ConnectionError:
        return "it could not be reached", True
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError):
        return "the address cannot be used", False
    if 200 <= status < 300:
        return "", False
    return f"it answered {status}", status == 429 or status >= 500


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
