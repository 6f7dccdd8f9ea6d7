"""Runs a workflow for real, with nektos/act on this machine, and reads what came of it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.github_world import BOT as TOKEN
from tests.workflows.events import Event
from tests.workflows.repository import Repository

ACT = Path(sys.executable).with_name("act")
STAND_INS = Path(__file__).with_name("stand_ins")


# act 0.2.89 refuses a workflow with these keys, which GitHub knows
_UNKNOWN_TO_ACT = re.compile(r"^ +(queue: max|timezone: .*)\n", re.MULTILINE)
_PINNED = re.compile(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40})\b")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A line that GitHub shows beside the code: `level` is error, warning or notice."""

    level: str
    text: str
    at: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """A step that ran, and what it printed."""

    name: str
    result: str
    log: str


@dataclass(frozen=True, slots=True)
class Job:
    """How a job ended: success, failure or skipped. `summary` is as people read it."""

    result: str
    steps: Mapping[str, Step] = field(default_factory=dict)
    summary: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[Annotation, ...] = ()

    @property
    def log(self) -> str:
        """What all its steps printed."""
        return "\n".join(step.log for step in self.steps.values())


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a workflow. `artifacts` is the folder of what it uploaded."""

    jobs: Mapping[str, Job]
    artifacts: Path

    @property
    def results(self) -> dict[str, str]:
        """How each job ended."""
        return {name: job.result for name, job in self.jobs.items()}

    def __str__(self) -> str:
        steps = [(name, step) for name, job in self.jobs.items() for step in job.steps.values()]
        return "\n".join(f"--- {name}: {step.name}: {step.result}\n{step.log}" for name, step in steps)


@dataclass(frozen=True, slots=True)
class Act:
    """act as a repository's GitHub: where its files are kept, and what the repository's settings hold."""

    folder: Path
    packages: Path
    wheels: Path
    api: str = "http://127.0.0.1:9"
    server: str = "https://github.com"
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, repository: Repository, workflow: str, event: Event) -> Run:
        """Run a workflow of `.github/workflows` as the event's commit has it."""
        text = repository.has(event.sha, f".github/workflows/{workflow}")
        assert text, f"{event.sha} has no workflow {workflow}"
        self.folder.mkdir(parents=True, exist_ok=True)
        here = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        for name in (workflow, *re.findall(r"uses: \./\.github/workflows/([\w-]+\.yml)", text)):
            place = here / (name if name == workflow else f".github/workflows/{name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            called = repository.has(event.sha, f".github/workflows/{name}")
            place.write_text(_UNKNOWN_TO_ACT.sub("", called + "\n"), encoding="utf-8")
        (here / "event.json").write_text(json.dumps(event.payload), encoding="utf-8")
        ended = subprocess.run(
            self._command(here, repository, workflow, event),
            cwd=here,
            env=self._around(here),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=100,
        )
        happened = [json.loads(line) for line in ended.stdout.splitlines()]
        run = Run(_jobs(text, happened), here / "artifacts")
        print(event.name, workflow, run, ended.stderr, sep="\n")  # pytest shows it where a test fails
        assert any(job.result != "skipped" for job in run.jobs.values()) or ended.returncode == 0, ended.stderr
        self._keeps_secrets(happened)
        return run

    def _command(self, here: Path, repository: Repository, workflow: str, event: Event) -> list[str]:
        told = {
            "GITHUB_REPOSITORY": repository.name,
            "GITHUB_REF": event.ref,
            "SHA_REF": event.sha,
            "GITHUB_RUN_ID": str(abs(hash(here.name)) % 10**9),
            "GITHUB_SERVER_URL": self.server,
            "GITHUB_API_URL": self.api,
            "GITHUB_GRAPHQL_URL": f"{self.api}/graphql",
            "STAND_IN_ORIGIN": str(repository.origin),
            "STAND_IN_PYTHON": sys.executable,
            "STAND_IN_PACKAGES": str(self.packages),
            "STAND_IN_ARTIFACTS": str(here / "artifacts"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_NO_CACHE_DIR": "1",
            "COHORTS_RETRY_SECONDS": "2",
            **self.environment,
        }
        return [
            *(str(ACT), event.name, "--workflows", workflow, "--eventpath", "event.json", "--actor", event.actor),
            *("--json", "--platform", "ubuntu-24.04=-self-hosted", "--no-skip-checkout"),
            *("--pull=false", "--action-offline-mode", "--no-cache-server"),
            # masks would hide what a command of ours lets slip
            "--insecure-secrets",
            *_options("--env", told),
            # neither variables nor secrets are given to what comes from a fork
            *_options("--var", {} if event.is_from_fork else self.variables),
            *_options("--secret", {"GITHUB_TOKEN": TOKEN, **({} if event.is_from_fork else self.secrets)}),
            *_options("--local-repository", dict(_stand_ins(repository, event.sha))),
        ]

    def _around(self, here: Path) -> dict[str, str]:
        """Nothing of the developer's but where programs are. What would leave this machine meets a closed port."""
        programs = [Path(found).parent for name in ("git", "node") if (found := shutil.which(name))]
        nowhere = "http://127.0.0.1:9"
        return {
            "PATH": os.pathsep.join(dict.fromkeys([str(STAND_INS / "bin"), *map(str, programs), "/usr/bin", "/bin"])),
            "HOME": str(here),
            "TMPDIR": tempfile.mkdtemp(prefix="tmp-", dir=here),
            "XDG_CACHE_HOME": str(here / "cache"),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": "file",
            # td-client would send what goes to loopback over a proxy for http, too
            **dict.fromkeys(("https_proxy", "HTTPS_PROXY"), nowhere),
        }

    def _keeps_secrets(self, happened: list[dict[str, Any]]) -> None:
        """A command masks what it must, and prints none of it. Not in the message: pytest would print that."""
        printed = "".join(line["msg"] for line in happened if line.get("command") != "add-mask")
        assert not any(secret in printed for secret in (TOKEN, *self.secrets.values())), "a secret was printed"


def _options(name: str, given: Mapping[str, str]) -> Iterator[str]:
    for key, value in given.items():
        yield from (name, f"{key}={value}")


def _stand_ins(repository: Repository, commit: str) -> Iterator[tuple[str, str]]:
    """Every action that the repository's workflows name, and the folder that stands in for it here."""
    listed = repository.at_origin("ls-tree", "-r", "--name-only", commit, "--", ".github", "action.yml").splitlines()
    for path in listed:
        for action, pin in _PINNED.findall(repository.has(commit, path)):
            folder = STAND_INS / action.split("/")[1]
            # act would fetch it from GitHub
            assert folder.is_dir(), f"{path}: nothing stands in for {action}"
            yield f"{action}@{pin}", str(folder)


def _jobs(workflow: str, happened: list[dict[str, Any]]) -> dict[str, Job]:
    """A job that act says nothing of was skipped. Jobs of a workflow that is called go by their own names."""
    told = {line["jobID"] for line in happened if "jobID" in line}
    names = sorted(told | {name for name, job in yaml.safe_load(workflow)["jobs"].items() if "uses" not in job})
    return {name: _job([line for line in happened if line.get("jobID") == name]) for name in names}


def _job(lines: list[dict[str, Any]]) -> Job:
    ended = [line["jobResult"] for line in lines if "jobResult" in line]
    if not ended:
        return Job("skipped")
    asked = [line for line in lines if "command" in line]
    notes = [line for line in asked if line["command"] in ("error", "warning", "notice")]
    return Job(
        ended[-1],
        _steps([line for line in lines if line.get("stage") == "Main"]),
        html.unescape("".join(line["content"] for line in asked if line["command"] == "summary")),
        {line["name"]: line["arg"] for line in asked if line["command"] == "set-output"},
        tuple(Annotation(line["command"], line["arg"], line["kvPairs"] or {}) for line in notes),
    )


def _steps(lines: list[dict[str, Any]]) -> dict[str, Step]:
    """Steps by name; those of an action belong to the step that uses it."""
    steps = {}
    for name in dict.fromkeys(line["step"] for line in lines):
        its_own = [line for line in lines if line["step"] == name]
        results = [line["stepResult"] for line in its_own if "stepResult" in line]
        log = "".join(line["msg"] for line in its_own if "raw_output" in line)
        steps[name] = Step(name, results[-1] if results else "skipped", log)
    return steps
