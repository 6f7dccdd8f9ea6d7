"""The stage before the play: what stands in for GitHub does what GitHub does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.workflows.act import Act
from tests.workflows.events import dispatched, opened, pushed, synchronized
from tests.workflows.repository import NOTHING, Conflict, Repository

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"

WORKFLOW = f"""\
name: look
on: [pull_request, push, workflow_dispatch]
concurrency:
  group: look
  cancel-in-progress: false
  queue: max
jobs:
  shallow:
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
      - name: Tell
        run: |
          git rev-list --count HEAD
          git rev-parse HEAD --abbrev-ref HEAD
          git remote get-url origin
      - name: Leak
        env: {{KEY: "${{{{ secrets.KEY }}}}"}}
        run: echo "$KEY"
  whole:
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
        with: {{fetch-depth: 0, path: there, persist-credentials: false}}
      - name: Tell
        working-directory: there
        run: |
          git rev-list --count HEAD
          git log -1 --format=%P
          git branch --remotes
          git remote get-url origin
      - name: Not here
        if: hashFiles('a.txt') != ''
        run: echo found
      - name: There
        if: hashFiles('there/a.txt') != ''
        run: echo found
  other:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
        with: {{ref: "${{{{ github.event.pull_request.base.sha }}}}"}}
      - name: Tell
        run: git rev-parse HEAD
  required:
    if: always()
    needs: [shallow, whole, other]
    runs-on: ubuntu-24.04
    steps:
      - name: Tell
        env:
          RESULTS: ${{{{ join(needs.*.result, ' ') }}}}
        run: echo "$RESULTS"
"""

INSTALLING = f"""\
name: install
on:
  workflow_dispatch:
    inputs:
      also: {{type: string, default: ""}}
jobs:
  install:
    runs-on: ubuntu-24.04
    env:
      SEEN: ${{{{ vars.SEEN }}}} ${{{{ inputs.also }}}} ${{{{ github.actor }}}}
    steps:
      - uses: {CHECKOUT}
      - uses: {PYTHON}
        with: {{python-version: "3.13"}}
      - name: Install
        run: python -m pip install --quiet --disable-pip-version-check 'cohort-runner[sandbox]==0.1.0'
      - name: Tell
        id: tell
        run: |
          python -c 'import runner, sys; print(runner.__file__); print(sys.prefix)'
          cohorts --help
          echo "answer=42" >> "$GITHUB_OUTPUT"
          echo "# A summary" >> "$GITHUB_STEP_SUMMARY"
          echo "::error file=a.yml,line=3::first%0Asecond"
          mkdir "$RUNNER_TEMP/kept" && echo "$SEEN" > "$RUNNER_TEMP/kept/seen.txt"
      - name: Goes on
        continue-on-error: true
        run: exit 3
      - uses: {UPLOAD}
        with: {{name: kept, path: "${{{{ runner.temp }}}}/kept"}}
      - name: Fail
        run: exit 1
  required:
    if: always()
    needs: install
    runs-on: ubuntu-24.04
    steps:
      - run: exit 1
        if: needs.install.result == 'failure'
"""


def test_a_checkout_is_that_of_github(act: Act, repository: Repository) -> None:
    repository.write({".github/workflows/look.yml": WORKFLOW, "a.txt": "1\n"})
    first = repository.commit("first")
    push = repository.push()
    assert push.before == NOTHING

    run = act.run(repository, "look.yml", pushed(push))
    assert run.results == {"shallow": "success", "whole": "success", "other": "skipped", "required": "success"}
    assert run.jobs["shallow"].steps["Tell"].log.split() == ["1", first, "main", f"file://{repository.origin}"]
    assert run.jobs["required"].steps["Tell"].log.split().count("skipped") == 1

    repository.branch("feature")
    repository.write({"a.txt": "2\n"})
    repository.commit("a change")
    pull = repository.open_pull("feature")
    repository.back_to("main")
    repository.write({"b.txt": "1\n"})
    repository.commit("meanwhile")
    repository.push()

    run = act.run(repository, "look.yml", opened(pull))
    assert run.jobs["shallow"].steps["Tell"].log.split()[:3] == ["1", pull.merge, "HEAD"]
    whole = run.jobs["whole"].steps
    assert whole["Tell"].log.splitlines() == [
        "3",
        f"{first} {pull.head}",
        "  origin/feature",
        "  origin/main",
        "  pull/1/merge",
        "https://github.com/acme/cohorts",
    ]
    assert "found" in whole["There"].log
    assert "Not here" not in whole
    assert run.jobs["other"].steps["Tell"].log.split() == [first]

    again = repository.push_again(pull)
    assert again.base != pull.base
    from_a_fork = repository.open_pull("feature", number=2, fork="somebody/audiences")
    run = act.run(repository, "look.yml", synchronized(from_a_fork))
    assert run.results["other"] == "skipped"

    with pytest.raises(AssertionError, match="a secret was printed"):
        replace(act, secrets={"KEY": "a-key"}).run(repository, "look.yml", pushed(push))


def test_two_pull_requests_that_cannot_both_be_merged(repository: Repository) -> None:
    repository.write({"a.txt": "1\n"})
    repository.commit("first")
    repository.push()
    pulls = []
    for number, text in enumerate(("mine\n", "yours\n"), 1):
        repository.branch(f"b{number}")
        repository.write({"a.txt": text})
        repository.commit(text)
        pulls.append(repository.open_pull(f"b{number}", number=number))
    merged = repository.merge(pulls[0])
    assert repository.has(merged.after, "a.txt") == "mine"
    with pytest.raises(Conflict):
        repository.seen(pulls[1])


def test_a_job_installs_the_command_and_tells_of_itself(act: Act, repository: Repository) -> None:
    repository.write({".github/workflows/install.yml": INSTALLING})
    tip = repository.commit("first")
    repository.push()

    run = replace(act, variables={"SEEN": "yes"}).run(repository, "install.yml", dispatched(tip, also="so"))
    assert run.results == {"install": "failure", "required": "failure"}
    job = run.jobs["install"]
    module, prefix = job.steps["Tell"].log.splitlines()[:2]
    assert module.startswith(prefix)
    assert "Set up:" in job.log
    assert job.outputs["answer"] == "42"
    assert job.summary == "# A summary\n"
    (annotation,) = job.annotations
    assert (annotation.level, annotation.text, annotation.at["line"]) == ("error", "first\nsecond", "3")
    assert job.steps["Goes on"].result == "failure"
    assert (run.artifacts / "kept" / "seen.txt").read_text(encoding="utf-8") == "yes so olga\n"
