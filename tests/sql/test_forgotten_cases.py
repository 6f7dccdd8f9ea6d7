"""A new test, sign or rule that nobody writes as SQL is told by mypy, and makes no wrong audience."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

NEW_MEMBERS = {
    '    ENDS_WITH = "ends_with"\n': '    SOUNDS_LIKE = "sounds_like"\n',
    '    LTE = "<="\n': '    NEAR = "~"\n',
}
NEW_CLASS = '''
@dataclass(frozen=True, slots=True)
class Forgotten:
    """A kind of test and of rule that nothing else knows."""


'''
UNIONS = ("Test = Compare | ", "Rule = OnColumn | ")

FORGETFUL = {
    "runner/sql/conditions.py": ("Part.SOUNDS_LIKE", "Forgotten"),
    "runner/sql/rule_writer.py": ("Sign.NEAR", "Forgotten"),
    "runner/sql/sizes.py": ("Forgotten",),
    "runner/definitions/rule.py": ("Forgotten",),
    "runner/definitions/contradictions.py": ("Forgotten",),
    "runner/report/described.py": ("Forgotten",),
}
"""What each file must not pass over."""


def test_a_forgotten_case_does_not_pass_the_type_checker(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "runner", tmp_path / "runner", ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    rule = tmp_path / "runner/definitions/rule.py"
    text = rule.read_text()
    for last, new in NEW_MEMBERS.items():
        assert text.count(last) == 1
        text = text.replace(last, last + new)
    for union in UNIONS:
        assert text.count(union) == 1
        text = text.replace(union, union.replace("= ", "= Forgotten | "))
    rule.write_text(text.replace("\nclass Unit(", f"{NEW_CLASS}class Unit(", 1))

    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", *FORGETFUL]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = ended.stdout

    lines = [line for line in told.splitlines() if line.endswith("[exhaustive-match]")]
    for file, cases in FORGETFUL.items():
        for case in cases:
            found = [line for line in lines if line.startswith(f"{file}:") and case in line]
            assert found, f"{file}: {case}\n{told}"
