"""What every test may use. Tripwires: nothing of ours is in the environment, only loopback can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import Place

LONG = ("tests/machine/", "tests/workflows/")
"""What takes a minute at a time is begun first: at the end everybody would wait for it."""


FURTHER = (
    "tests/workflows/test_consumer.py",
    "tests/workflows/test_called.py::test_a_second_target",
    "tests/workflows/test_drift.py::test_a_service_that_is_down",
    "tests/workflows/test_pull_requests.py::test_two_pull_requests_pass_alone",
    "tests/workflows/test_pull_requests.py::test_a_base_whose_command",
    "tests/workflows/test_pull_requests.py::test_a_merge_queue",
    "tests/workflows/test_syncs.py::test_a_run_that_comes_late",
    "tests/workflows/test_syncs.py::test_what_failed_is_done",
    "tests/workflows/test_syncs.py::test_where_to_may_be_said",
    "tests/machine/test_machine.py::test_it_converges[Machine-2]",
    "tests/machine/test_machine.py::test_it_converges[Machine-3]",
    "tests/cli/test_clocks.py::test_only_one_writes_and_one_that_slept_past_its_lease_sends_nothing[a-day-behind]",
    "tests/cli/test_faults.py::test_a_job_that_ignores_its_kill",
    "tests/cli/test_faults.py::test_one_clean_run_heals[export-hang",
    "tests/cli/test_faults.py::test_one_clean_run_heals[query-hang",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-key_taken",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-slow",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-status:429",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-status:502",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-truncate",
    "tests/cli/test_faults.py::test_one_clean_run_heals[braze-status:4",
    "tests/cli/test_faults.py::test_one_clean_run_heals[braze-reset_after",
    "tests/cli/test_faults.py::test_one_clean_run_heals[braze-status:500",
    "tests/cli/test_faults.py::test_one_clean_run_heals[export-half-1-1",
    "tests/cli/test_faults.py::test_one_clean_run_heals[export-late",
    "tests/cli/test_faults.py::test_one_clean_run_heals[export-unknown_status",
    "tests/cli/test_faults.py::test_one_clean_run_heals[query-applied_error--rows-1",
    "tests/cli/test_faults.py::test_one_clean_run_heals[query-applied_error--rows-3",
    "tests/cli/test_faults.py::test_one_clean_run_heals[query-late",
    "tests/cli/test_faults.py::test_one_clean_run_heals[query-unknown_status",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-reset_before",
    "tests/cli/test_faults.py::test_one_clean_run_heals[request-status:503-None",
    *(
        f"tests/cli/test_holes.py::test_a_guard_hold_cut_off_anywhere_heals[{after}]"
        for after in (0, 5, 10, 20, 25, 30, 35)
    ),
    *(
        f"tests/cli/test_kills.py::test_killed_while[{where}]"
        for where in (
            "claiming-before",
            "snapshot-after",
            "counting-before",
            "announcing-after",
            "removing-before",
            "adding-after",
            "recording-before",
        )
    ),
    "tests/cli/test_many.py::test_a_run_that_is_asked_to_stop_leaves_order[2-130]",
    "tests/cli/test_watching.py::test_an_export_that_braze",
    "tests/cli/test_written.py::test_a_budget_refuses_alike_on_every_day",
    "tests/cli/test_written.py::test_a_budget_that_a_usual_month",
    "tests/cli/test_written.py::test_the_preview_follows_reassert",
)
"""Long tests beside others of their kind. `make test` leaves them out, so that it takes minutes; `make test-all` does
not.
"""


@pytest.hookimpl(tryfirst=True)  # before those that are marked are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first; otherwise in their order."""
    for item in items:
        if item.nodeid.startswith(FURTHER):
            item.add_marker("further")
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TD_", "BRAZE_", "COHORTS_", "GITHUB_")) or name == "CI":
            monkeypatch.delenv(name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A repository with a project file, and a sandbox with an empty shop, both its own."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=Shop(customers=1, purchases=1))) as url:
        made = Place(tmp_path, url)
        made.project()
        made.customers("ann", "bob", "eve")
        yield made
