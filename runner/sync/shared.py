"""Work that threads ask for at the same time, done together: one job of Treasure Data for many cohorts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from runner.errors import CohortsError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Asked(Generic[Item, Result]):
    item: Item
    answer: Result | CohortsError | None = None
    done: bool = False


class Shared(Generic[Item, Result]):
    """Does what several threads ask for in one go: whoever comes first works for all who wait behind, `most` at a time.

    `do` answers each item, in order, with its result or its failure; what it raises is raised for all of them.
    """

    def __init__(self, do: Callable[[Sequence[Item]], Sequence[Result | CohortsError]], *, most: int) -> None:
        self._do, self._most = do, most
        self._waiting: list[_Asked[Item, Result]] = []
        self._waiting_lock, self._working_lock = threading.Lock(), threading.Lock()

    def ask(self, item: Item) -> Result:
        """Have it done; returns or raises what came of it."""
        mine: _Asked[Item, Result] = _Asked(item)
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._working_lock:
            while not mine.done:
                self._work()
        if isinstance(mine.answer, CohortsError):
            raise mine.answer
        return cast("Result", mine.answer)

    def _work(self) -> None:
        with self._waiting_lock:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            answers: Sequence[Result | CohortsError] = self._do([asked.item for asked in batch])
        except CohortsError as exc:
            answers = [exc] * len(batch)
        for asked, answer in zip(batch, answers, strict=True):
            asked.answer, asked.done = answer, True
