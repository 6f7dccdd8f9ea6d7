"""What `cohorts init` writes can be installed, from each place where the command may come from."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from runner.version import VERSION
from tests.place import Place
from tests.repositories import Repository

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ".github/actions/cohorts/requirements.txt"
PIP = importlib.util.find_spec("pip") is not None

pytestmark = pytest.mark.skipif(not (PIP or shutil.which("uv")), reason="there is neither pip nor uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This command as a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def index(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a package index that has the wheel."""
    folder = tmp_path_factory.mktemp("index")
    project = folder / "simple" / "cohort-runner"
    project.mkdir(parents=True)
    shutil.copy(wheel, project)
    (project / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>', "utf-8")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=os.fspath(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def installed(repository: Path, into: Path, *options: str, **environment: str) -> str:
    """The version that the command tells once the repository's requirements are installed."""
    program = ["uv", "pip", "install"]
    if PIP:
        program = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    words = [*program, "--quiet", "--no-deps", "--no-build-isolation", "--target", into, *options, "-r", REQUIREMENTS]
    around = os.environ | environment
    done = subprocess.run(words, cwd=repository, capture_output=True, text=True, env=around, check=False)
    assert done.returncode == 0, done.stderr
    asked = subprocess.run(
        [sys.executable, "-m", "runner", "--version"],
        cwd=into,
        capture_output=True,
        text=True,
        env=around | {"PYTHONPATH": os.fspath(into), "PYTHONSAFEPATH": "1"},
        check=True,
    )
    return asked.stdout


def test_from_a_wheel(tmp_path: Path, wheel: Path) -> None:
    made = Place(tmp_path, "")
    assert made.run("init", "shop", "--runner", os.fspath(wheel)).code == 0
    assert installed(tmp_path / "shop", tmp_path / "into", "--no-index") == f"cohorts {VERSION}\n"


def test_from_an_index(tmp_path: Path, index: str) -> None:
    made = Place(tmp_path, "")
    assert made.run("init", "shop", "--runner", f"cohort-runner[sandbox]=={VERSION}").code == 0
    found = installed(tmp_path / "shop", tmp_path / "into", "--index-url", index)
    assert found == f"cohorts {VERSION}\n"


def test_from_a_repository_at_a_commit(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    for name in ("runner", "schema", "docs", ".github"):
        shutil.copytree(ROOT / name, origin / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, origin / name)
    commit = Repository.begun(origin).commit()
    address = "https://github.com/acme/cohort-runner"
    made = Place(tmp_path, "")
    wanted = f"cohort-runner[sandbox] @ git+{address}@{commit}"
    assert made.run("init", "shop", "--runner", wanted).code == 0
    here = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
    assert installed(tmp_path / "shop", tmp_path / "into", **here) == f"cohorts {VERSION}\n"


COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = f"cohort-runner[sandbox] @ git+https://github.com/acme/cohort-runner@{COMMIT}"


@pytest.mark.parametrize(
    ("runner", "origin", "asked"),
    [
        (f"acme/cohort-runner@{COMMIT}", f"the repository `acme/cohort-runner`, at commit `{COMMIT}`", f"'{ADDRESS}'"),
        (ADDRESS, f"the address in `{REQUIREMENTS}`", f"-r {REQUIREMENTS}"),
        (f"cohort-runner[sandbox]=={VERSION}", "a package index of yours", f"-r {REQUIREMENTS}"),
        (f"cohort_runner-{VERSION}-py3-none-any.whl", "the wheel `.github/actions/cohorts/", f"-r {REQUIREMENTS}"),
    ],
)
def test_the_readme_that_init_writes_tells_how(tmp_path: Path, runner: str, origin: str, asked: str) -> None:
    (tmp_path / f"cohort_runner-{VERSION}-py3-none-any.whl").touch()
    assert Place(tmp_path, "").run("init", "shop", "--runner", runner).code == 0
    readme = (tmp_path / "shop" / "README.md").read_text("utf-8")
    assert f"The workflows install `cohorts` from {origin}" in readme
    assert f"```sh\npython3 -m venv .venv\n. .venv/bin/activate\npip install {asked}\n```\n" in readme
    assert ("PIP_INDEX_URL" in readme) is ("==" in runner)
