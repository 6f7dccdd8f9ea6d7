"""The git repository that the files are in: which commit, and whether it comes after another."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from enum import Enum
from pathlib import Path, PurePosixPath

from runner.errors import CohortsError, ExitCode


class NoSuchCommit(CohortsError):
    """What was asked for is no commit of this clone, or has no history in common with this tree."""

    exit_code = ExitCode.USAGE


LINK = b"120000"
"""Git's mode of a symbolic link, whose content is where it leads."""


class Order(Enum):
    """How this tree stands to a commit."""

    AFTER = "after"
    NOT_AFTER = "not after"
    UNKNOWN = "unknown"


def commit(folder: Path) -> str:
    """The commit this tree is at, or nothing outside git."""
    code, out = _git(folder, "rev-parse", "HEAD")
    return out if code == 0 else ""


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
    return Order.UNKNOWN if is_shallow(folder) else Order.NOT_AFTER


def is_shallow(folder: Path) -> bool:
    """True for a clone without its whole history, as CI makes them."""
    return _git(folder, "rev-parse", "--is-shallow-repository")[1] == "true"


def commit_of(folder: Path, name: str) -> str:
    """The commit that a branch, tag or abbreviation means; nothing where this clone has
    no such commit.
    """
    code, out = _git(
        folder,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{name}^{{commit}}",
    )
    return out if code == 0 else ""


def parents(folder: Path) -> tuple[str, ...]:
    """The commits that this one comes right after, the branch that was merged into first."""
    code, out = _git(folder, "rev-list", "--parents", "--max-count=1", "HEAD")
    return tuple(out.split()[1:]) if code == 0 else ()


def branched_from(folder: Path, name: str) -> str:
    """The commit from which this tree and a branch went apart (`git merge-base`).
    Raises NoSuchCommit.
    """
    there = commit_of(folder, name)
    if not there:
        fix = "fetch it (`fetch-depth: 0` in actions/checkout), or name another with `--base`"
        raise NoSuchCommit(
            "L017", f"there is no commit {name[:60]!r} in this clone", fix
        )
    code, out = _git(folder, "merge-base", there, "HEAD")
    if code != 0:
        shallow = (
            "; this clone is shallow: fetch its whole history"
            if is_shallow(folder)
            else ""
        )
        fix = f"name a branch that this one began at with `--base`{shallow}"
        raise NoSuchCommit(
            "L017", f"this tree has no history in common with {name[:60]!r}", fix
        )
    return out


def merged_since(folder: Path, commit: str, most: int) -> tuple[str, ...]:
    """The commits of this branch after another one that changed cohorts, the newest
    first; what was merged counts as one. All that this branch has where that one is
    unknown, or not on it.
    """
    known = commit and order(folder, commit) is Order.AFTER
    which = ["HEAD", *([f"^{commit}"] if known else [])]
    code, out = _git(
        folder,
        "rev-list",
        "--first-parent",
        f"--max-count={most}",
        *which,
        "--",
        "cohorts",
    )
    return tuple(out.split()) if code == 0 else ()


def is_same(folder: Path, commit: str, under: str) -> bool:
    """True where what a commit has below a folder is what is here, to the last file."""
    return _git(folder, "diff", "--quiet", commit, "--", under)[0] == 0 and _git(
        folder, "ls-files", "--others", "--", under
    ) == (0, "")


def write_out(folder: Path, commit: str, under: str, into: Path) -> None:
    """Write the files that a commit has below a folder into another place, byte for
    byte: no filter or attribute of the repository has a say. A link stays one; whoever
    reads it refuses those that lead out of the folder.
    """
    listed = _bytes(folder, "ls-tree", "-r", "-z", commit, "--", under)
    entries = [line.split(b"\t", 1) for line in listed.split(b"\0") if line]
    wanted = [
        (what.split()[2], path.decode("utf-8", "surrogateescape"))
        for what, path in entries
        if _is_file(what)
    ]
    links = {
        path.decode("utf-8", "surrogateescape")
        for what, path in entries
        if what.split()[0] == LINK
    }
    asked = b"".join(name + b"\n" for name, _ in wanted)
    for (_, path), content in zip(
        wanted,
        _contents(_bytes(folder, "cat-file", "--batch", given=asked)),
        strict=True,
    ):
        place = into / PurePosixPath(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path in links:
            place.symlink_to(content.decode("utf-8", "surrogateescape"))
        else:
            place.write_bytes(content)


def _is_file(entry: bytes) -> bool:
    return entry.split()[0] in (b"100644", b"100755", LINK)


def _contents(batch: bytes) -> Iterator[bytes]:
    """What `git cat-file --batch` answers: a line that ends with the size, so many
    bytes, and a line break.
    """
    at = 0
    while at < len(batch):
        end = batch.index(b"\n", at)
        size = int(batch[at:end].split()[-1])
        yield batch[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _bytes(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    asked = _asked(folder, arguments, given)
    asked.check_returncode()
    return asked.stdout


def _git(folder: Path, *arguments: str) -> tuple[int, str]:
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
