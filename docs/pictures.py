"""Makes the pictures of the README: a plan in a terminal, and the comment on a pull request.

Both show the real output of the real command against the sandbox. The comment needs Chromium
(`apt-get install chromium`); without it, only the plan is made. Run it by
`.venv/bin/python docs/pictures.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

import demo
from markdown_it import MarkdownIt
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from runner.report.screen import fitted

PICTURES = demo.ROOT / "docs" / "pictures"
COLUMNS = 86
WIDTH, SCALE = 860, 1.1

NEW = """\
id: winter_runners
name: Winter runners
description: Customers in the US or Canada who bought running gear twice in 60 days.
owner: growth-team
audience:
  from: customers
  where:
    all:
      - {column: country, in: [US, CA]}
      - {event: purchases, within: 60d, count: {gte: 2}, where: {column: category, equals: running}}
"""

PAGE = """\
<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 16px; background: #fff; color: #1f2328; width: 828px;
  font: 14px/1.5 "Liberation Sans", Arial, sans-serif; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; }
.head { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0;
  padding: 8px 16px; color: #59636e; }
.head b { color: #1f2328; }
.head i { border: 1px solid #d1d9e0; border-radius: 2em; padding: 0 7px; font-style: normal; }
.text { padding: 4px 16px 12px; }
h2 { font-size: 21px; border-bottom: 1px solid #d1d9e0; padding-bottom: 5px; margin: 12px 0; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #d1d9e0; padding: 5px 9px; }
code, pre { font: 12px/1.45 "DejaVu Sans Mono", monospace; background: #f0f1f3; \
border-radius: 6px; }
code { padding: 2px 4px; }
pre { padding: 12px; overflow: hidden; }
pre code { padding: 0; }
.plus { background: #dafbe1; display: block; }
.minus { background: #ffebe9; display: block; }
.same { display: block; }
details { margin: 8px 0; }
sub { color: #59636e; font-size: 11px; }
</style>
<div class="comment">
<div class="head"><b>github-actions</b> <i>bot</i> commented</div>
<div class="text">BODY</div>
</div>
"""


def run(folder: Path, *command: str) -> str:
    """Run a command in a folder and return what it printed; a failure stops the script."""
    author = {
        f"GIT_{who}_{what}": "reviewer"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **demo.KEY, **author}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def change(folder: Path) -> None:
    """On a branch, raise the limit of one cohort, delete another one's file, and write a
    new one.
    """
    project = folder / "cohorts" / "project.yml"
    project.write_text(
        project.read_text("utf-8").replace("vip_spend: 1500", "vip_spend: 1600", 1),
        "utf-8",
    )
    (folder / "cohorts" / "growth" / "outdoor_fans.yml").unlink()
    (folder / "cohorts" / "growth" / "winter_runners.yml").write_text(NEW, "utf-8")
    run(folder, "git", "checkout", "-q", "-b", "winter")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "Winter")


def outputs(folder: Path, address: str) -> tuple[str, str]:
    """What `plan --members` prints, and the comment that `review --out` writes."""
    shutil.copytree(demo.ROOT / "cohorts", folder / "cohorts")
    project = folder / "cohorts" / "project.yml"
    project.write_text(
        project.read_text("utf-8").replace(demo.USUAL, address, 1), "utf-8"
    )
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "Cohorts")
    run(folder, demo.COHORTS, "sync")
    change(folder)
    plan = run(folder, demo.COHORTS, "plan", "--members")
    run(
        folder,
        demo.COHORTS,
        "review",
        "--target",
        "sandbox",
        "--base",
        "main",
        "--members",
        "--out",
        "kept",
    )
    return plan, (folder / "kept" / "comment-sandbox.md").read_text("utf-8")


def terminal(command: str, printed: str) -> str:
    """A terminal with a command and what it printed, as SVG; no font is fetched from anywhere."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    # as the command itself shows it on a terminal of this width
    for line in fitted(printed.rstrip(), COLUMNS, coloured=True).splitlines():
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    layout = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = console.export_svg(title="", code_format=layout, unique_id="plan")
    svg = svg.replace("Fira Code,", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas,")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def page(comment: str) -> str:
    """The comment as HTML, much as GitHub shows it."""
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(comment)
    body = re.sub(
        r'<code class="language-diff">(.*?)</code>', _coloured, body, flags=re.DOTALL
    )
    return PAGE.replace("BODY", body)


def _coloured(block: re.Match[str]) -> str:
    names = {"+": "plus", "-": "minus"}
    lines = block[1].rstrip("\n").split("\n")
    spans = (
        f'<span class="{names.get(line[:1], "same")}">{line}</span>' for line in lines
    )
    return f"<code>{''.join(spans)}</code>"


def photograph(html: str, picture: Path) -> None:
    """Let Chromium draw a page; its height is asked for first, so that nothing is left
    empty below it.
    """
    browser = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if not browser:
        sys.exit("The picture of the comment needs Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "page.html"
        measure = (
            "<script>document.title ="
            " document.querySelector('.comment').offsetHeight</script>"
        )
        place.write_text(html + measure, "utf-8")
        quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        usual = (browser, *quiet, f"--user-data-dir={folder}")
        title = re.search(
            r"<title>(\d+)", run(Path(folder), *usual, "--dump-dom", place.as_uri())
        )
        height = int(title[1]) + 34 if title else 1200
        size = (
            f"--window-size={WIDTH},{height}",
            f"--force-device-scale-factor={SCALE}",
        )
        run(Path(folder), *usual, *size, f"--screenshot={picture}", place.as_uri())


def main() -> None:
    """Make both pictures."""
    PICTURES.mkdir(exist_ok=True)
    address = demo.free_address()
    sandbox = demo.start_sandbox(address)
    try:
        with tempfile.TemporaryDirectory(prefix="cohorts-pictures-") as folder:
            plan, comment = outputs(Path(folder), address)
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.wait(10)
    (PICTURES / "plan.svg").write_text(
        terminal("cohorts plan --members", plan), "utf-8"
    )
    photograph(page(comment), PICTURES / "comment.png")


if __name__ == "__main__":
    main()
