"""The demo: the real command against the sandbox, from empty to a cohort that changed;
no prepared output.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COHORTS = str(Path(sys.executable).with_name("cohorts"))
USUAL = "http://127.0.0.1:8399"
KEY = {"TD_API_KEY": "sandbox-key"}


def say(text: str) -> None:
    """A heading."""
    print(
        f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}",
        flush=True,
    )


def run(*arguments: str, folder: Path) -> None:
    """Show a command, run it as a user would, and stop the demo if it fails."""
    print(f"$ cohorts {' '.join(arguments)}", flush=True)
    subprocess.run(
        [COHORTS, *arguments], cwd=folder, env={**os.environ, **KEY}, check=True
    )


def members(address: str) -> dict[str, int]:
    """How many members each cohort has in the sandbox's Braze."""
    with urllib.request.urlopen(f"{address}/sandbox/cohorts", timeout=10) as answer:
        return {
            cohort["cohort_id"]: cohort["members"]
            for cohort in json.load(answer)["cohorts"]
        }


def writes(address: str) -> dict[str, int]:
    """How many members were written to each cohort so far, added or removed."""
    with urllib.request.urlopen(f"{address}/sandbox/cohorts", timeout=10) as answer:
        return {
            cohort["cohort_id"]: cohort["members_written"]
            for cohort in json.load(answer)["cohorts"]
        }


def show_members(address: str) -> None:
    """Print what Braze holds now."""
    for cohort, count in sorted(members(address).items()):
        print(f"  {cohort:<20} {count:>8,} members in Braze")


def free_address() -> str:
    """An address that nobody listens on: another sandbox may be running."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def start_sandbox(address: str) -> subprocess.Popen[bytes]:
    """Start the sandbox in a process of its own and wait until it answers."""
    process = subprocess.Popen(
        [COHORTS, "sandbox", "--port", address.rpartition(":")[2]],
        stdout=subprocess.DEVNULL,
    )
    for _ in range(150):
        if process.poll() is not None:
            sys.exit("The sandbox did not start.")
        try:
            members(address)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return process
    sys.exit("The sandbox did not answer within 30 s.")


def story(folder: Path, address: str) -> None:
    """From an empty Braze to a cohort that changed."""
    say("Are the files good? No key is needed to know")
    run("validate", folder=folder)
    say("What would a sync do?")
    run("plan", "--members", folder=folder)
    say("Do it")
    run("sync", folder=folder)
    say("What Braze holds now (customers that Braze does not know are never created)")
    show_members(address)
    say("Again: nothing changed, so nothing is sent")
    run("sync", folder=folder)

    say("A marketer raises the VIP threshold from 1500 to 1600")
    project = folder / "cohorts" / "project.yml"
    project.write_text(
        project.read_text("utf-8").replace("vip_spend: 1500", "vip_spend: 1600", 1),
        "utf-8",
    )
    run("plan", "--members", folder=folder)
    held, written = members(address), writes(address)
    run("sync", folder=folder)
    say("Who no longer qualifies has left; no other cohort was touched")
    for cohort, count in sorted(members(address).items()):
        sent = writes(address)[cohort] - written[cohort]
        print(
            f"  {cohort:<20} {held[cohort]:>8,} → {count:>8,} members in Braze,"
            f" {sent:,} members written"
        )
    run("status", folder=folder)


def main() -> None:
    """Run the story in a temporary copy, and stop everything whatever happens."""
    started = time.monotonic()
    say("Starting the sandbox: a Treasure Data and a Braze with an online shop in them")
    address = free_address()
    sandbox = start_sandbox(address)
    try:
        with tempfile.TemporaryDirectory(prefix="cohorts-demo-") as temporary:
            shutil.copytree(ROOT / "cohorts", Path(temporary) / "cohorts")
            project = Path(temporary) / "cohorts" / "project.yml"
            project.write_text(
                project.read_text("utf-8").replace(USUAL, address, 1), "utf-8"
            )
            story(Path(temporary), address)
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.wait(10)
    say(f"Done in {time.monotonic() - started:.0f} s. Everything is stopped.")


if __name__ == "__main__":
    main()
