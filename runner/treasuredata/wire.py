"""The one seam under td-client: what an answer means, whether asking again may help,
and for how long we do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import stamina
import urllib3

from runner.errors import CohortsError, ExitCode, Unavailable
from runner.treasuredata.waits import Missed

Answer = TypeVar("Answer")

# stamina's own hooks would log through whatever logging is set up; the runner reports for itself
stamina.instrumentation.set_on_retry_hooks(())

LONGEST_WAIT = 60.0
"""Seconds; a longer Retry-After is cut to this and asked again."""


def _unheard(_how: str) -> None:
    """Nobody waits and wants to know."""


class NoAnswer(Unavailable):
    """The service did not answer, or asked for patience: whether it acted is unknown.
    `said`: how, such as `answered 503`; `wait`: its wish, in seconds.
    """

    def __init__(self, what: str, *, wait: float | None = None) -> None:
        super().__init__(
            "R010",
            f"Treasure Data {what}",
            "nothing is lost: run the command again later, and it finishes what is left",
        )
        self.said = what
        self.wait = wait


class BadProxy(CohortsError):
    """HTTPS_PROXY is no address of a proxy that can be used. What it is may hold a
    password, and is not shown.
    """

    exit_code = ExitCode.USAGE

    def __init__(self) -> None:
        super().__init__(
            "R044",
            "HTTPS_PROXY is no address of a proxy that can be used",
            "write http:// or https://, a host and a port, such as http://proxy.example:3128",
        )


def pool(url: str, *, ca_bundle: str, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    """Connections as the environment asks for them: through `HTTPS_PROXY` unless
    `NO_PROXY` names the host, trusting a bundle of certificates instead of the usual
    ones. td-client knows `HTTP_PROXY` alone, and one bundle.

    Raises BadProxy.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "timeout": timeout,
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": ca_bundle or certifi.where(),
    }
    proxy = _proxy(parts.scheme, parts.hostname or "")
    if not proxy:
        return urllib3.PoolManager(**options)
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        asked = urlsplit(proxy)
        port = asked.port
    except ValueError:
        raise BadProxy from None
    if asked.scheme not in ("http", "https") or not asked.hostname:
        raise BadProxy
    address = f"{asked.scheme}://{asked.hostname}"
    if port:
        address += f":{port}"
    return urllib3.ProxyManager(address, proxy_headers=_credentials(asked), **options)


def _proxy(scheme: str, host: str) -> str:
    """The proxy that the environment names for a host, or an empty text for none."""
    # a sandbox on this machine is never behind a proxy
    if _is_here(host):
        return ""
    proxy = getproxies().get(scheme, "")
    if not proxy or proxy_bypass(host):
        return ""
    return proxy


def _credentials(proxy: SplitResult) -> Mapping[str, str]:
    """The headers that name a user to a proxy, where its address does."""
    if not proxy.username:
        return {}
    named = unquote(f"{proxy.username}:{proxy.password or ''}")
    return urllib3.make_headers(proxy_basic_auth=named)


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


class Wire:
    """Stands in for the connection pool inside td-client.

    td-client retries by its own clock, loses the status of a failed POST and the
    Retry-After of a 429 (measured with 1.7.0), and logs bodies. Here 429, 5xx and every
    failure to answer become `NoAnswer`, which td-client passes on untouched, so that
    retrying is decided in one place.
    """

    def __init__(self, pool: urllib3.PoolManager) -> None:
        self._pool = pool

    def request(
        self, method: str, url: str, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """As `urllib3.PoolManager.request`; raises NoAnswer."""
        return self._checked(
            lambda: self._pool.request(method, url, retries=False, **options)
        )

    def urlopen(
        self, method: str, url: str, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """As `urllib3.PoolManager.urlopen`; raises NoAnswer."""
        return self._checked(
            lambda: self._pool.urlopen(method, url, retries=False, **options)
        )

    def clear(self) -> None:
        """Close what is open."""
        self._pool.clear()

    def _checked(
        self, send: Callable[[], urllib3.BaseHTTPResponse]
    ) -> urllib3.BaseHTTPResponse:
        """An answer to go by. Raises NoAnswer for none, and for 429 or a server's error."""
        try:
            response = send()
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise NoAnswer(f"did not answer ({_reason(exc)})") from None
        if response.status == 429 or response.status >= 500:
            response.drain_conn()
            raise NoAnswer(f"answered {response.status}", wait=retry_after(response))
        return response


def persist(
    ask: Callable[[], Answer], *, seconds: float, missed: Missed = _unheard
) -> Answer:
    """Ask until there is an answer, at most for `seconds`; the last NoAnswer is raised.
    `ask` must be repeatable. `missed` hears of each attempt that had no answer.
    """

    def heard() -> Answer:
        try:
            return ask()
        except NoAnswer as exc:
            missed(exc.said)
            raise

    attempts: int | None = None
    if not seconds:
        # without a time-out, stamina would ask for ever
        attempts = 1
    for attempt in stamina.retry_context(
        on=_wait_or_stop,
        attempts=attempts,
        timeout=seconds or None,
        wait_initial=0.2,
        wait_max=15.0,
        wait_jitter=0.3,
    ):
        with attempt:
            return heard()
    raise AssertionError("stamina leaves its loop by return or raise")


def _wait_or_stop(exc: Exception) -> bool | float:
    """What stamina asks: False to stop, True for its own pause, or seconds to wait."""
    if not isinstance(exc, NoAnswer):
        return False
    if exc.wait is None:
        return True
    return min(exc.wait, LONGEST_WAIT)


def _reason(exc: Exception) -> str:
    """A cause without addresses or bodies: bodies may hold what must not be shown."""
    if isinstance(exc, urllib3.exceptions.NewConnectionError):
        return "connection refused"
    if isinstance(exc, urllib3.exceptions.TimeoutError):
        return "timed out"
    if isinstance(exc, urllib3.exceptions.ProtocolError):
        return "connection lost"
    return type(exc).__name__


def retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds to wait as the service asks (RFC 9110: seconds or a date), or None."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        left = parsedate_to_datetime(text) - datetime.now(UTC)
    except (ValueError, TypeError):
        # no date, or one without a time zone
        return None
    return max(0.0, left.total_seconds())
