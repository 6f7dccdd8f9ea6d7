"""Where the engine lives on this machine, and how it gets there: Maven copies its jars,
javac compiles its sources.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from runner.sandbox.engine.errors import EngineProblem

Environment = Mapping[str, str]
"""The environment's variables."""

OLDEST_JAVA = 17
SETUP_SECONDS = 1800.0
"""How long Maven may take for 88 MB."""

JDK = (
    f"install a JDK, version {OLDEST_JAVA} or later"
    " (Debian, Ubuntu: openjdk-17-jdk-headless; macOS: openjdk@17)"
)
MAVEN = "install Apache Maven (Debian, Ubuntu, macOS: maven)"
SET_UP = (
    "set it up with `cohorts sandbox --engine trino --setup`;"
    " in Cohort Runner's own repository: `make trino`"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an engine is made from: Maven's file, the SHA-256 of every jar, and a folder
    of Java sources.
    """

    pom: Path
    checksums: Path
    sources: Path

    @property
    def jars(self) -> str:
        """The stamp of the jars."""
        return stamp([self.pom, self.checksums])

    @property
    def classes(self) -> str:
        """The stamp of the classes."""
        return stamp([self.pom, self.checksums, *self.java])

    @property
    def java(self) -> Sequence[Path]:
        """The sources, in an order that is always the same."""
        return sorted(self.sources.rglob("*.java"))


HERE = Path(__file__).parent
SHIPPED = Recipe(HERE / "pom.xml", HERE / "jars.sha256", HERE / "java")


@dataclass(frozen=True, slots=True)
class Installed:
    """An engine that can be started: the folders of its jars and of its classes, and
    the program `java`.
    """

    jars: Path
    classes: Path
    java: str


def home(environment: Environment) -> Path:
    """The folder of all that belongs to the engine: COHORTS_TRINO_HOME, else one in the
    user's cache.
    """
    chosen = environment.get("COHORTS_TRINO_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    cache = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser().absolute() / "cohort-runner" / "trino-423"


def installed(environment: Environment, recipe: Recipe = SHIPPED) -> Installed:
    """The engine of this very recipe. Raises EngineProblem where it is not set up, or
    Java is missing.
    """
    jars, classes = _places(environment, recipe)
    if not (jars.is_dir() and classes.is_dir()):
        raise EngineProblem("the engine is not set up", SET_UP)
    return Installed(jars, classes, _java(environment))


def set_up(
    environment: Environment,
    tell: Callable[[str], None],
    recipe: Recipe = SHIPPED,
) -> Installed:
    """Set up what is missing of it. Two at once do not disturb each other. Raises
    EngineProblem.
    """
    java = _java(environment)
    javac = _program(environment, "javac", JDK)
    jars, classes = _places(environment, recipe)
    jars.parent.mkdir(parents=True, exist_ok=True)
    if not jars.is_dir():
        maven = _program(environment, "mvn", MAVEN)
        tell(f"Maven copies the jars of Trino 423 to {jars.parent} …")
        with _whole(jars) as folder:
            goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
            _run([maven, "-q", "-B", "-f", str(recipe.pom), *goal])
            check_jars(folder, recipe.checksums.read_text(encoding="utf-8"))
    if not classes.is_dir():
        tell("javac compiles the connector and Treasure Data's functions …")
        sources = map(str, recipe.java)
        with _whole(classes) as folder:
            places = ["-d", str(folder), "-cp", str(jars / "*")]
            # `-proc:none`: the jars hold annotation processors that nobody asked for
            _run([javac, "-proc:none", "-nowarn", *places, *sources])
    return Installed(jars, classes, java)


def stamp(files: Sequence[Path]) -> str:
    """A short name for the content of files: another one after every change."""
    digest = sha256()
    for path in files:
        for part in (path.name.encode(), path.read_bytes()):
            digest.update(part + b"\0")
    return digest.hexdigest()[:12]


def check_jars(folder: Path, checksums: str) -> None:
    """Raises EngineProblem unless a folder holds exactly the jars of a list of SHA-256
    checksums.
    """
    expected: dict[str, str] = {}
    for line in checksums.splitlines():
        digest, name = line.split()
        expected[name] = digest
    found: dict[str, str] = {}
    for path in folder.iterdir():
        found[path.name] = sha256(path.read_bytes()).hexdigest()
    for name in sorted(expected.keys() | found.keys()):
        # also one that is missing, or that nobody expects
        if expected.get(name) != found.get(name):
            raise EngineProblem(
                f"{name} is not the jar that this version of Cohort Runner"
                " was tested with",
                "look at what Maven downloads from (its settings, a proxy),"
                " empty its local repository, and try again",
            )


def _places(environment: Environment, recipe: Recipe) -> tuple[Path, Path]:
    """Where the engine's libraries and its own classes are kept, by what they are made from."""
    where = home(environment)
    jars = where / f"jars-{recipe.jars}"
    classes = where / f"classes-{recipe.classes}"
    return jars, classes


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes the target once it is whole; whoever comes second
    keeps the first one's.
    """
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield made
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _java(environment: Environment) -> str:
    """The program `java`. Raises EngineProblem where there is none that is new enough."""
    java = _program(environment, "java", JDK)
    told = subprocess.run(  # noqa: S603
        [java, "-version"], capture_output=True, text=True, check=False
    ).stderr
    # before version 9 Java called itself 1.8
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    needs = f"the engine needs {OLDEST_JAVA} or later"
    if version is None:
        raise EngineProblem(f"`java -version` names no version: {needs}", JDK)
    if int(version[1]) < OLDEST_JAVA:
        raise EngineProblem(f"Java is too old ({version[1]}): {needs}", JDK)
    return java


def _program(environment: Environment, name: str, fix: str) -> str:
    """The program's path: that of JAVA_HOME first."""
    places = [environment.get("PATH", "")]
    own = environment.get("JAVA_HOME")
    if own:
        places.insert(0, str(Path(own) / "bin"))
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise EngineProblem(f"there is no `{name}` here, which the engine needs", fix)
    return found


def _run(command: Sequence[str]) -> None:
    """Run a command of the set-up. Raises EngineProblem with its last words."""
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=SETUP_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise EngineProblem(
            f"`{Path(command[0]).name}` took longer than {SETUP_SECONDS:g} s",
            "try again",
        ) from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        last = "\n".join(said.splitlines()[-8:])
        raise EngineProblem(
            f"`{Path(command[0]).name}` ended with exit code {done.returncode}:\n{last}\n",
            "Maven needs its usual way to Maven Central, or to a mirror that its settings name",
        )
