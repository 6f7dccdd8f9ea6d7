"""Makes the pictures of the pages: screens of a terminal, and the comment on a pull request.

Each shows the real output of the real command against the sandbox. The sandbox's clock begins at a
fixed time, so that the same program makes the same pictures. Chromium draws the comment
(`apt-get install chromium`). Run it by `.venv/bin/python docs/pictures.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import demo
from markdown_it import MarkdownIt
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from runner.sandbox.options import Options
from runner.sandbox.server import running
from tests.place import Place
from tests.screens import Session, opened

PICTURES = demo.ROOT / "docs" / "pictures"
COLUMNS, LINES = 80, 24
WIDTH, SCALE = 860, 1.1

CLEARED = "\x1b[2K"
"""What a terminal is told before each line of a view is drawn again."""

MADE = (
    "help.svg",
    "error.svg",
    "sync-running.svg",
    "sync.svg",
    "status.svg",
    "plan.svg",
    "comment.png",
)
"""Every picture."""

START = datetime(2026, 11, 28, 9, tzinfo=UTC)
"""When the sandbox's clock begins. The command goes by it, too."""

PORT = 8431
"""The sandbox's port. Another one would change the project file, and the hashes that are seen."""

MISSPELT = """\
id: big_spenders
name: Big spenders
audience:
  from: customers
  where:
    all:
      - {column: contry, in: [US, CA]}
      - {column: lifetime_value, gte: 3000}
"""

HELD = (
    {"at": "query", "do": "hold", "match": "lifetime_value >= 1500"},
    {"at": "export", "do": "hold", "match": "lapsed_buyers"},
    {"at": "export", "do": "hold", "match": "outdoor_fans", "after": 1},
)
"""What the sandbox holds back in the first sync, so that the view shows cohorts at work."""

RUNNING = (
    r"5 done, 0 failed, 3 to go\n",
    r"  vip_customers +making a snapshot",
    r"(?!0:0[01])\d:\d\d  lapsed_buyers +adding",
    r"  outdoor_fans +adding \S+ by alias email",
)
"""What the view shows at the moment of the picture."""

TOOK = re.compile(r"(?<=&#160;)\d:\d\d(?=&#160;)")
"""How long something took in the picture of a running sync; it differs from run to run."""

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
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (
            ("NAME", "reviewer"),
            ("EMAIL", "reviewer"),
            ("DATE", START.isoformat()),
        )
    }
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **demo.KEY, **author, **own},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def needed(*names: str) -> str:
    """Where a program is that has one of these names; the script stops without it."""
    for name in names:
        if found := shutil.which(name):
            return found
    sys.exit(f"The pictures need {names[0]}: apt-get install {names[0]}")


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


def started(folder: Path, *arguments: str) -> Session:
    """A command on a terminal, as a person starts it."""
    place = Place(folder, demo.USUAL)
    person = {"CI": "", "GITHUB_ACTIONS": ""}
    return opened(place, *arguments, width=COLUMNS, height=LINES, **person)


def ended(session: Session, code: int = 0) -> str:
    """All that a command wrote, with its colours. It must end with this exit code."""
    found = session.end()
    if found != code:
        sys.exit(f"A command ended with {found}:\n{session.plain}")
    return session.written.replace("\r\n", "\n")


def draw(name: str, folder: Path, *arguments: str, code: int = 0) -> None:
    """Make the picture of a command on a terminal."""
    save(name, " ".join(arguments), ended(started(folder, *arguments), code))


def save(name: str, arguments: str, shown: str) -> None:
    """Write the picture of a terminal. One that differs from the file only in how long
    something took is not written.
    """
    picture = PICTURES / name
    svg = terminal(f"cohorts {arguments}", shown, picture.stem)
    before = picture.read_text("utf-8") if picture.exists() else ""
    if TOOK.sub("", before) != TOOK.sub("", svg):
        picture.write_text(svg, "utf-8")


def draw_first_sync(folder: Path, address: str) -> None:
    """Make the pictures of the first sync: one while it runs, and one of its end."""
    session = started(folder, "sync")
    session.read(is_running)
    save("sync-running.svg", "sync", last_view(session.written))
    body = json.dumps({"release": "all"}).encode()
    urllib.request.urlopen(f"{address}/sandbox/held", body, timeout=10).close()
    save("sync.svg", "sync", ended(session).rpartition(CLEARED)[2])


def is_running(session: Session) -> bool:
    """True once the terminal shows what the picture is to show."""
    view = last_view(session.plain)
    return all(re.search(part, view) for part in RUNNING)


def last_view(written: str) -> str:
    """The last view that was drawn as a whole: the next one clears its lines first."""
    views = written.replace("\r\n", "\n").split(CLEARED)
    # between the clearing of two lines there is only a way up
    whole = [view.strip("\r\n") for view in views[:-1] if " to go" in view]
    return (whole or [""])[-1]


def draw_all(folder: Path, address: str) -> str:
    """Make every picture of a terminal; returns the comment that `review --out` writes."""
    draw("help.svg", folder, "--help")
    cohorts = folder / "cohorts"
    shutil.copytree(demo.ROOT / "cohorts", cohorts)
    (cohorts / "big_spenders.yml").write_text(MISSPELT, "utf-8")
    draw("error.svg", folder, "validate", code=3)
    (cohorts / "big_spenders.yml").unlink()
    project = cohorts / "project.yml"
    project.write_text(
        project.read_text("utf-8").replace(demo.USUAL, address, 1), "utf-8"
    )
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-q", "-m", "Cohorts")
    draw_first_sync(folder, address)
    change(folder)
    draw("status.svg", folder, "status")
    draw("plan.svg", folder, "plan", "--members")
    review = ("review", "--target", "sandbox", "--base", "main", "--members")
    run(folder, demo.COHORTS, *review, "--out", "kept")
    return (folder / "kept" / "comment-sandbox.md").read_text("utf-8")


def terminal(command: str, shown: str, name: str) -> str:
    """A terminal with a command and what it wrote, as SVG; no font is fetched from anywhere."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    # without an empty last line, the letters of the last one would be cut below
    for line in (*shown.rstrip().split("\n"), ""):
        text = Text.from_ansi(line)
        if text.cell_len > COLUMNS:
            sys.exit(f"`{command}` wrote a line that a terminal breaks: {text.plain}")
        console.print(text, no_wrap=True)
    layout = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = console.export_svg(title="", code_format=layout, unique_id=name)
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
    browser = needed("chromium", "chromium-browser", "google-chrome")
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
    """Make all pictures, and delete those that are not made any more."""
    PICTURES.mkdir(exist_ok=True)
    ahead = START.timestamp() - time.time()
    with (
        tempfile.TemporaryDirectory(prefix="cohorts-pictures-") as folder,
        running(Options(ahead=ahead, faults=HELD), port=PORT) as address,
    ):
        comment = draw_all(Path(folder), address)
    photograph(page(comment), PICTURES / "comment.png")
    for picture in PICTURES.iterdir():
        if picture.name not in MADE:
            picture.unlink()


if __name__ == "__main__":
    main()
