"""Sandboxes for these tests: a small shop for a file, others with options of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import tdclient
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.sandbox.sandbox_world import World


def _world(options: Options) -> Iterator[World]:
    with running(options) as served:
        client = tdclient.Client(apikey="sandbox-key", endpoint=served, max_cumul_retry_delay=-1)
        yield World(served, client)
        client.close()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One small sandbox for a test file."""
    yield from _world(Options(shop=Shop(customers=300, purchases=2_000)))


@pytest.fixture
def make_world() -> Iterator[Callable[[Options], World]]:
    """Sandboxes with options of their own; closed when the test ends."""
    made: list[Iterator[World]] = []

    def make(options: Options) -> World:
        made.append(_world(options))
        return next(made[-1])

    yield make
    for one in made:
        next(one, None)
