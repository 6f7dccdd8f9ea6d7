"""Requests to GitHub: what an answer means, whether to ask again, and for how long."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
import stamina
import urllib3

from runner.errors import AuthenticationFailed, CohortsError, Unavailable

Answer = TypeVar("Answer")

# stamina's own hooks would log through whatever logging is set up; the runner reports for itself
stamina.instrumentation.set_on_retry_hooks(())

LONGEST_WAIT = 60.0
"""Seconds; a longer wish of GitHub is cut to this, and asked again."""

SHORTEST_WAIT = 1.0
"""Seconds; a limit whose end has just passed by our clock is not asked again at once."""

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and to answer."""

REFUSALS = {"NOT_FOUND": 404, "FORBIDDEN": 403, "INSUFFICIENT_SCOPES": 403}
"""What errors of GraphQL, which come with a 200, would be in REST; all others 422."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is asked of GitHub, in words that follow "to", and the permission that a job
    needs for it.
    """

    what: str
    needs: str


class NoAnswer(Unavailable):
    """GitHub did not answer, or asked for patience. `wait`: its wish, in seconds;
    `may_have_acted`: nobody knows.
    """

    def __init__(
        self, what: str, *, wait: float | None = None, may_have_acted: bool = True
    ) -> None:
        super().__init__(
            "H002",
            f"GitHub {what}",
            "run again later; what is there already is not made twice",
        )
        self.wait = wait
        self.may_have_acted = may_have_acted


class Wire:
    """A session with a token. Proxies and certificates come from the environment, as
    requests reads them.
    """

    def __init__(self, token: str, *, retry_seconds: float) -> None:
        """Raises AuthenticationFailed where the token cannot be one."""
        # requests would quote other characters in the words of an exception
        if not re.fullmatch(r"[!-~]+", token):
            what = "the GitHub token has characters that none has"
            if not token:
                what = "no GitHub token"
            fix = "give the step GITHUB_TOKEN: ${{ github.token }} under `env`"
            raise AuthenticationFailed(
                "H006", f"{what}: see the environment variable GITHUB_TOKEN", fix
            )
        self._retry_seconds = retry_seconds
        self._session = requests.Session()
        # an auth of our own, or requests would put a ~/.netrc in its place
        self._session.auth = _Bearer(token)
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "cohort-runner",
            }
        )

    def close(self) -> None:
        """Close what is open."""
        self._session.close()

    def ask(
        self, method: str, address: str, sent: object = None, *, deed: Deed
    ) -> requests.Response:
        """Ask once. Raises NoAnswer where asking again may help, and CohortsError where
        it was refused.
        """
        try:
            # never redirected: at the new place requests would let a ~/.netrc speak,
            # and a write could become a GET
            answer = self._session.request(
                method, address, json=sent, timeout=TIMEOUT, allow_redirects=False
            )
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            ValueError,
        ) as exc:
            raise NoAnswer(f"did not answer ({_reason(exc)})") from None
        status = answer.status_code
        if status == 429 or status >= 500 or _is_limited(answer):
            raise _limited(answer)
        if status >= 300:
            raise _refused(status, deed)
        return answer

    def persist(self, ask: Callable[[], Answer]) -> Answer:
        """Ask until there is an answer, at most for `retry_seconds`. Raises the last
        NoAnswer.
        """
        seconds: float | None = self._retry_seconds
        attempts: int | None = None
        if not seconds:
            # of a time-out of 0 seconds, stamina warns
            seconds, attempts = None, 1
        for attempt in stamina.retry_context(
            on=_wait_or_stop,
            attempts=attempts,
            timeout=seconds,
            wait_initial=0.2,
            wait_max=15.0,
            wait_jitter=0.3,
        ):
            with attempt:
                return ask()
        raise AssertionError("stamina leaves its loop by return or raise")


class _Bearer(requests.auth.AuthBase):
    """Sends the token, and nothing but the token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _limited(answer: requests.Response) -> NoAnswer:
    """The error of an answer that says: not now."""
    status = answer.status_code
    what = f"answered {status}"
    if status < 429:
        what = "asked for patience: its rate limit is reached"
    return NoAnswer(what, wait=_wait(answer), may_have_acted=status >= 500)


def _refused(status: int, deed: Deed) -> CohortsError:
    """The error of an answer that says: no."""
    if status == 401:
        fix = "use the job's own token, ${{ github.token }}, or renew the token in GITHUB_TOKEN"
        return AuthenticationFailed("H001", "GitHub does not accept the token", fix)
    if status == 403:
        fix = (
            f"give the job the permission `{deed.needs}`; "
            "for a pull request from a fork, GitHub gives none that writes"
        )
        return AuthenticationFailed(
            "H001", f"the GitHub token may not {deed.what}", fix
        )
    if status in (404, 410) or status < 400:
        what = f"GitHub cannot {deed.what}: it finds no such thing ({status})"
        fix = (
            f"check GITHUB_REPOSITORY, and the permission `{deed.needs}`:"
            " without it, things look missing"
        )
        return CohortsError("H003", what, fix)
    fix = "run again; if it comes back, please report it with this message"
    return CohortsError("H004", f"GitHub refused to {deed.what} ({status})", fix)


@contextmanager
def readable() -> Iterator[None]:
    """What does not have the shape that GitHub's answers have, such as a proxy's page,
    counts as no answer.
    """
    try:
        yield
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
    ):
        raise NoAnswer("answered what cannot be read") from None


def number(answer: requests.Response, key: str) -> int:
    """A number of an answer's object; raises NoAnswer."""
    with readable():
        found: Any = answer.json()
        return int(found[key])


def data(answer: requests.Response, deed: Deed) -> Any:
    """What GraphQL answered; raises as `Wire.ask` does, for errors that come with a 200."""
    with readable():
        said: Any = answer.json()
        errors = said.get("errors", ())
        kinds = {str(error.get("type") or "") for error in errors}
        messages = [str(error["message"]) for error in errors]
        found = said.get("data")
    # this is how it says that a query took too long
    is_weary = any(each.startswith("Something went wrong") for each in messages)
    if "RATE_LIMITED" in kinds:
        raise _limited(answer)
    if is_weary:
        raise NoAnswer("could not finish what was asked", may_have_acted=False)
    if kinds:
        raise _refused(min(REFUSALS.get(kind, 422) for kind in kinds), deed)
    return found


def _wait_or_stop(exc: Exception) -> bool | float:
    """What stamina asks: False to stop, True for its own pause, or seconds to wait."""
    if not isinstance(exc, NoAnswer):
        return False
    if exc.wait is None:
        return True
    return min(max(exc.wait, SHORTEST_WAIT), LONGEST_WAIT)


def _is_limited(answer: requests.Response) -> bool:
    """True for a 403 that means "later"."""
    if answer.status_code != 403:
        return False
    if "Retry-After" in answer.headers:
        return True
    if answer.headers.get("X-RateLimit-Remaining") == "0":
        return True
    # one of the secondary limits is told in words alone
    return "secondary rate limit" in answer.text.lower()


def _wait(answer: requests.Response) -> float | None:
    """Seconds to wait as GitHub asks, or None; it gives seconds, or the second at which
    a limit ends.
    """
    headers = answer.headers
    after = headers.get("Retry-After", "").strip()
    reset = headers.get("X-RateLimit-Reset", "").strip()
    if after.isdecimal():
        return float(after)
    if headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        return float(reset) - time.time()
    if answer.status_code >= 500:
        return None
    return LONGEST_WAIT


def _reason(exc: Exception) -> str:
    """A cause without addresses or bodies."""
    match exc:
        case requests.exceptions.ProxyError():
            return "the proxy of HTTPS_PROXY could not be used"
        case requests.exceptions.SSLError():
            return "no secure connection: REQUESTS_CA_BUNDLE names certificates of your own"
        case requests.Timeout():
            return "timed out"
        case requests.ConnectionError():
            return "no connection, or it was lost"
        case _:
            return type(exc).__name__
