"""A pull request is checked by a real Trino where the repository asks for it: `make test-engine`."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from runner.sandbox.engine import home
from tests.workflows.office import Office

pytestmark = pytest.mark.skipif(
    os.environ.get("COHORTS_TEST_ENGINE") != "1", reason="it takes Java, Maven and some minutes: make test-engine"
)

ENVIRONMENT = dict(os.environ)
"""As it was before tests are given a clean one."""

# DuckDB in the sandbox says of this function that it cannot tell what Trino answers
COHORT = """\
id: middle
name: Middle
audience:
  sql: |
    SELECT customer_id FROM customers
    WHERE spend >= (SELECT approx_percentile(spend, 0.5) FROM customers)
tests:
  - name: the upper half
    given:
      customers: [{customer_id: u1, spend: 500}, {customer_id: u2, spend: 5}, {customer_id: u3, spend: 50}]
    expect: [u1, u3]
"""


def test_a_pull_request_is_checked_by_the_engine_itself(office: Office) -> None:
    # in act, a home folder has no cache
    around = {"COHORTS_TRINO_HOME": os.fspath(home.home(ENVIRONMENT))}
    assert home.installed(ENVIRONMENT)
    office.project()
    office.set_up()
    office.begin()
    office.repository.branch("add")
    office.repository.write({"cohorts/middle.yml": COHORT})
    pull = office.propose("add", number=1)
    without = office.review(pull)
    assert without.results["validate"] == "failure"
    assert "cannot tell what Trino answers" in without.jobs["validate"].log

    engine = replace(office.act, environment={**office.act.environment, **around})
    run = replace(office, act=engine).with_settings(COHORTS_ENGINE="trino").review(pull)
    assert run.results["validate"] == "success", run.jobs["validate"].log
    assert "1 test of 1 cohort: all passed." in run.jobs["validate"].log
