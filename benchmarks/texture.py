"""How dense the code is, beside that of two installed packages: `python -m
benchmarks.texture [--functions]`.

The limits are those of CONTRIBUTING.md; tests/test_texture.py holds `runner` to them.
The complexity of a function is radon's, which counts boolean operators and conditional
expressions; ruff's counts neither.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from radon.complexity import cc_visit_ast
from radon.visitors import Function

PEERS = ("check_jsonschema", "requests")
WIDEST = 100
MOST_DECISIONS = 15


@dataclass(frozen=True, slots=True)
class Measured:
    """One function or method: the file it stands in, its line, and its decisions by radon."""

    path: Path
    name: str
    line: int
    decisions: int


@dataclass(frozen=True, slots=True)
class Texture:
    """Counts of one package. `wide` and `nested` name a file and a line."""

    lines: int
    code: int
    comments: int
    nodes: int
    conditionals: int
    functions: tuple[Measured, ...]
    wide: tuple[str, ...]
    nested: tuple[str, ...]

    @property
    def decisions(self) -> float:
        """Per 100 lines of file."""
        return 100 * sum(each.decisions for each in self.functions) / self.lines

    @property
    def density(self) -> float:
        """Nodes of the syntax tree per line that is neither blank nor a comment."""
        return self.nodes / self.code

    @property
    def conditional_share(self) -> float:
        """Conditional expressions per 1,000 lines of file."""
        return 1000 * self.conditionals / self.lines

    @property
    def long(self) -> tuple[Measured, ...]:
        """Functions with more decisions than one should have."""
        found = [each for each in self.functions if each.decisions > MOST_DECISIONS]
        return tuple(sorted(found, key=lambda each: -each.decisions))


def texture(folder: Path) -> Texture:
    """The texture of all Python below a folder. Raises SyntaxError where a file is none."""
    texts = {path: path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    numbered = [
        (f"{path}:{number}", line)
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
    ]
    nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    comments = sum(line.lstrip().startswith("#") for _, line in numbered)
    blank = sum(not line.strip() for _, line in numbered)
    return Texture(
        lines=len(numbered),
        code=len(numbered) - comments - blank,
        comments=comments,
        nodes=len(nodes),
        conditionals=sum(isinstance(node, ast.IfExp) for _, node in nodes),
        functions=tuple(
            each for path, tree in trees.items() for each in _functions(path, tree)
        ),
        wide=tuple(place for place, line in numbered if len(line) > WIDEST),
        nested=tuple(place for path, node in nodes for place in _nested(path, node)),
    )


def _functions(path: Path, tree: ast.AST) -> Iterator[Measured]:
    for block in cc_visit_ast(tree):
        # radon lists a class and its methods: the class's own sum would count them twice
        if isinstance(block, Function):
            yield Measured(path, block.fullname, block.lineno, block.complexity)


def _nested(path: Path, node: ast.AST) -> Iterator[str]:
    """Where a conditional expression stands within another."""
    if not isinstance(node, ast.IfExp):
        return
    inner = [each for part in ast.iter_child_nodes(node) for each in ast.walk(part)]
    if any(isinstance(each, ast.IfExp) for each in inner):
        yield f"{path}:{node.lineno}"


def table(packages: dict[str, Texture]) -> Iterator[str]:
    """The measures of some packages, as lines of text."""
    rows = {
        "decisions per 100 lines": [
            f"{each.decisions:.1f}" for each in packages.values()
        ],
        "nodes per line": [f"{each.density:.1f}" for each in packages.values()],
        "conditional expressions per 1,000": [
            f"{each.conditional_share:.1f}" for each in packages.values()
        ],
        "lines over 100": [str(len(each.wide)) for each in packages.values()],
        "functions over 15 decisions": [
            str(len(each.long)) for each in packages.values()
        ],
        "nested conditional expressions": [
            str(len(each.nested)) for each in packages.values()
        ],
        "whole-line comments per 100": [
            f"{100 * each.comments / each.lines:.1f}" for each in packages.values()
        ],
        "lines": [f"{each.lines:,}" for each in packages.values()],
    }
    yield " " * 36 + "".join(f"{name:>18}" for name in packages)
    for name, cells in rows.items():
        yield f"{name:36}" + "".join(f"{cell:>18}" for cell in cells)


def installed(package: str) -> Path:
    """The folder of a package. Raises LookupError where it is not installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(f"{package} is not installed")
    return Path(spec.origin).parent


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rooms", action="store_true", help="each folder of `runner` for itself"
    )
    parser.add_argument(
        "--functions", action="store_true", help="name what is over a limit"
    )
    asked = parser.parse_args()
    ours = installed("runner")
    print(
        *table(
            {
                "ours": texture(ours),
                **{name: texture(installed(name)) for name in PEERS},
            }
        ),
        sep="\n",
    )
    if asked.rooms:
        rooms = {
            path.name: texture(path)
            for path in sorted(ours.iterdir())
            if (path / "__init__.py").is_file()
        }
        for name, room in rooms.items():
            print("", *table({name: room}), sep="\n")
    if asked.functions:
        found = texture(ours)
        print(
            *(
                f"{each.path}:{each.line} {each.name} {each.decisions}"
                for each in found.long
            ),
            sep="\n",
        )
        print(*(f"{place} is over {WIDEST}" for place in found.wide), sep="\n")
        print(
            *(f"{place} has a condition within a condition" for place in found.nested),
            sep="\n",
        )


if __name__ == "__main__":
    main()
