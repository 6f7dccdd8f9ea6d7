"""The git repository that the files are in: which commit, and whether it comes after another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from runner.errors import CohortsError, ExitCode


class NoSuchCommit(CohortsError):
    """What was asked for is no commit of this clone, or has no history in common with this tree."""

    exit_code = ExitCode.USAGE


LINK = b"120000"
"""Git's mode of a symbolic link, whose content is where it leads."""

FILES = frozenset({b"100644", b"100755", LINK})
"""Git's modes of what is written out."""


class Order(Enum):
    """How this tree stands to a commit."""

    AFTER = "after"
    NOT_AFTER = "not after"
    UNKNOWN = "unknown"


def commit(folder: Path) -> str:
    """The commit this tree is at, or an empty text outside git."""
    return _answer(folder, "rev-parse", "HEAD")


def order(folder: Path, other: str) -> Order:
    """Whether this tree is at, or comes after, another commit; unknown where that
    commit is not in this clone.
    """
    if commit(folder) == other:
        return Order.AFTER
    if _git(folder, "cat-file", "-e", f"{other}^{{commit}}")[0] != 0:
        return Order.UNKNOWN
    code, _ = _git(folder, "merge-base", "--is-ancestor", other, "HEAD")
    if code == 0:
        return Order.AFTER
    # in a shallow clone, history may be cut off between the two
    if is_shallow(folder):
        return Order.UNKNOWN
    return Order.NOT_AFTER


def is_shallow(folder: Path) -> bool:
    """True for a clone without its whole history, as CI makes them."""
    return _git(folder, "rev-parse", "--is-shallow-repository")[1] == "true"


def commit_of(folder: Path, name: str) -> str:
    """The commit that a branch, tag or abbreviation means, or an empty text where this
    clone has no such commit.
    """
    # `--end-of-options`: a name that begins with a hyphen is never read as an option
    options = ("--verify", "--quiet", "--end-of-options")
    return _answer(folder, "rev-parse", *options, f"{name}^{{commit}}")


def parents(folder: Path) -> tuple[str, ...]:
    """The commits that this one comes right after, the branch that was merged into first."""
    line = _answer(folder, "rev-list", "--parents", "--max-count=1", "HEAD")
    # the first word is the commit itself
    return tuple(line.split()[1:])


def branched_from(folder: Path, name: str) -> str:
    """The commit from which this tree and a branch went apart (`git merge-base`).
    Raises NoSuchCommit.
    """
    there = commit_of(folder, name)
    if not there:
        what = f"there is no commit {name[:60]!r} in this clone"
        fix = "fetch it (`fetch-depth: 0` in actions/checkout), or name another with `--base`"
        raise NoSuchCommit("L017", what, fix)
    code, out = _git(folder, "merge-base", there, "HEAD")
    if code != 0:
        what = f"this tree has no history in common with {name[:60]!r}"
        fix = "with `--base`, name the branch from which this one began"
        if is_shallow(folder):
            fix += "; this clone is shallow: fetch its whole history"
        raise NoSuchCommit("L017", what, fix)
    return out


def merged_since(folder: Path, commit: str, most: int) -> tuple[str, ...]:
    """The commits of this branch after another one that changed cohorts, the newest
    first; what was merged counts as one. All that this branch has where that one is
    unknown, or not on it.
    """
    which = ["HEAD"]
    if commit and order(folder, commit) is Order.AFTER:
        which.append(f"^{commit}")
    options = ("--first-parent", f"--max-count={most}")
    return tuple(_answer(folder, "rev-list", *options, *which, "--", "cohorts").split())


def is_same(folder: Path, commit: str, under: str) -> bool:
    """True where what a commit has below a folder is what is here, to the last file."""
    changed, _ = _git(folder, "diff", "--quiet", commit, "--", under)
    if changed != 0:
        return False
    # `git diff` does not look at files that git does not know
    return _git(folder, "ls-files", "--others", "--", under) == (0, "")


def is_changed(folder: Path, under: str, suffixes: Iterable[str]) -> bool:
    """True where files below a folder, of these endings in small or capital letters, are
    not as this tree's commit has them. Files that git is to ignore count too. False
    outside git.
    """
    if not commit(folder):
        return False
    patterns = [f":(glob,icase){under}/**/*{suffix}" for suffix in suffixes]
    changed, _ = _git(folder, "diff", "--quiet", "HEAD", "--", *patterns)
    if changed != 0:
        return True
    return _git(folder, "ls-files", "--others", "--", *patterns) != (0, "")


def path_in(folder: Path) -> str:
    """The path of a folder in its repository, such as `a/b/`; empty at its top."""
    return _answer(folder, "rev-parse", "--show-prefix")


def files_at(folder: Path, commit: str, under: str) -> frozenset[str]:
    """The files that a commit has below a folder, by their paths; none where this clone
    does not have the commit.
    """
    options = ("-r", "-z", "--name-only")
    listed = _answer(folder, "ls-tree", *options, commit, "--", under)
    return frozenset(filter(None, listed.split("\0")))


def changed_files(folder: Path, commit: str, under: str) -> frozenset[str]:
    """The files below a folder that are not here as a commit has them, by their paths;
    none where git cannot tell. Files that git does not know are not looked at.
    """
    options = ("--name-only", "--no-renames", "--relative", "-z")
    listed = _answer(folder, "diff", *options, commit, "--", under)
    return frozenset(filter(None, listed.split("\0")))


def write_out(folder: Path, commit: str, under: str, into: Path) -> None:
    """Write the files that a commit has below a folder into another place, byte for
    byte: no filter or attribute of the repository has a say. A link stays one; whoever
    reads it refuses those that lead out of the folder. Raises NoSuchCommit where this
    clone has not all of it.
    """
    try:
        wanted = _files_of(folder, commit, under)
        asked = b"".join(entry.name + b"\n" for entry in wanted)
        contents = [*_contents(_bytes(folder, "cat-file", "--batch", given=asked))]
    except (subprocess.SubprocessError, _Missing):
        what = f"this clone does not have all files of commit {commit[:12]}"
        fix = "fetch them (`git fetch --refetch`), or clone the repository again"
        raise NoSuchCommit("L017", what, fix) from None
    for entry, content in zip(wanted, contents, strict=True):
        place = into / PurePosixPath(entry.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == LINK:
            place.symlink_to(content.decode("utf-8", "surrogateescape"))
        else:
            place.write_bytes(content)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a commit: git's mode, the name of its content, and its path."""

    mode: bytes
    name: bytes
    path: str


def _files_of(folder: Path, commit: str, under: str) -> list[_Entry]:
    """The files and links that a commit has below a folder; no submodules."""
    entries = []
    listed = _bytes(folder, "ls-tree", "-r", "-z", commit, "--", under)
    for line in listed.split(b"\0"):
        if not line:
            continue
        # a line is `mode type name`, a tab, and the path
        what, path = line.split(b"\t", 1)
        mode, _, name = what.split()
        if mode in FILES:
            entries.append(_Entry(mode, name, path.decode("utf-8", "surrogateescape")))
    return entries


class _Missing(Exception):
    """This clone does not have a file of a commit."""


def _contents(batch: bytes) -> Iterator[bytes]:
    """What `git cat-file --batch` answers: a line that ends with the size, so many
    bytes, and a line break. Raises _Missing.
    """
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        last = batch[at:end].split()[-1]
        if not last.isdigit():
            raise _Missing  # git says `missing` in the place of the size
        size = int(last)
        yield batch[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _bytes(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    asked = _asked(folder, arguments, given)
    asked.check_returncode()
    return asked.stdout


def _answer(folder: Path, *arguments: str) -> str:
    """What git prints, or an empty text where it fails or is not there."""
    code, out = _git(folder, *arguments)
    if code != 0:
        return ""
    return out


def _git(folder: Path, *arguments: str) -> tuple[int, str]:
    """Git's exit code and what it prints; -1 where it is not there, or takes too long."""
    try:
        asked = _asked(folder, arguments)
    except (OSError, subprocess.TimeoutExpired):
        return -1, ""
    return asked.returncode, asked.stdout.decode("utf-8", "surrogateescape").strip()


def _asked(
    folder: Path, arguments: tuple[str, ...], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - no shell, fixed arguments
        ["git", *arguments],  # noqa: S607 - git is where the user has it
        cwd=folder,
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )
