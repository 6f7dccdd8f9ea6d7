"""Work on many cohorts at the same time: side by side in threads, or together in one
job of Treasure Data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from runner.errors import CohortsError

Item = TypeVar("Item")
Result = TypeVar("Result")

HEARTBEAT = 1.0
"""Seconds between two calls of `keep`, which renews the lease."""


def side_by_side(
    do: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    threads: int,
    keep: Callable[[], None],
    stop: threading.Event,
) -> list[tuple[Item, Result | None]]:
    """Every item with the result of `do`, some at a time; None for an item that was not
    begun before `stop` was set. `keep` is called about once a second.

    The first exception of any item stops all, and is raised once the others have ended.
    """
    if not items:
        return []

    def unless_stopped(item: Item) -> Result | None:
        if stop.is_set():
            return None
        return do(item)

    first: BaseException | None = None
    threads = min(threads, len(items))
    with ThreadPoolExecutor(threads, thread_name_prefix="cohort") as pool:
        futures: list[Future[Result | None]] = [
            pool.submit(unless_stopped, item) for item in items
        ]
        open_ones = set(futures)
        while open_ones:
            ended, open_ones = wait(
                open_ones, timeout=HEARTBEAT, return_when=FIRST_COMPLETED
            )
            errors = [error for future in ended if (error := future.exception())]
            try:
                if not first and not errors:
                    keep()
            except CohortsError as exc:
                errors = [exc]
            if errors and not first:
                first = errors[0]
                stop.set()
    if first:
        raise first
    return [
        (item, future.result()) for item, future in zip(items, futures, strict=True)
    ]


@dataclass(slots=True, eq=False)
class _Asked(Generic[Item, Result]):
    item: Item
    answer: Result | CohortsError | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Shared(Generic[Item, Result]):
    """Does what several threads ask for in one go: whoever comes first works for all
    who wait behind, `most` at a time, `at_once` of them side by side.

    `do` answers each item, in order, with its result or its failure; what it raises is
    raised for all of them.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Item]], Sequence[Result | CohortsError]],
        *,
        most: int,
        at_once: int = 1,
    ) -> None:
        self._do = do
        self._most = most
        self._waiting: list[_Asked[Item, Result]] = []
        self._lock = threading.Lock()
        self._workers = threading.Semaphore(at_once)

    def ask(self, item: Item) -> Result:
        """Have it done; returns or raises what came of it."""
        mine: _Asked[Item, Result] = _Asked(item)
        with self._lock:
            self._waiting.append(mine)
        while self._is_waiting(mine):
            with self._workers:
                self._work(mine)
        mine.done.wait()
        if isinstance(mine.answer, CohortsError):
            raise mine.answer
        return cast("Result", mine.answer)

    def _is_waiting(self, mine: _Asked[Item, Result]) -> bool:
        with self._lock:
            return mine in self._waiting

    def _work(self, mine: _Asked[Item, Result]) -> None:
        """Do what waits, unless somebody has taken mine meanwhile."""
        with self._lock:
            if mine not in self._waiting:
                return
            batch = self._waiting[: self._most]
            del self._waiting[: self._most]
        answers: Sequence[Result | CohortsError] = ()
        try:
            answers = self._do([asked.item for asked in batch])
        except CohortsError as exc:
            answers = [exc] * len(batch)
        finally:
            # after an unexpected error the others must not wait for ever
            answers = answers or [_lost()] * len(batch)
            for asked, answer in zip(batch, answers, strict=True):
                asked.answer = answer
                asked.done.set()


def _lost() -> CohortsError:
    """The error of those who shared a job that failed in a way nobody foresaw."""
    return CohortsError(
        "R041",
        (
            "a job for several cohorts, this one among them, failed with an"
            " unexpected error"
        ),
        "report the error shown below",
    )
