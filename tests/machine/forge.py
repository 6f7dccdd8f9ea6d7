"""A process that has the whole product imported and forks it: each run of the command is a process of its own that can
be killed, and costs milliseconds instead of a start of Python.

Speaks over a socket that it inherits, in datagrams of JSON: an order is answered with `{"pid"}`, and once that run is
over with `{"ended", "status"}`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import runner
from runner.cli import main
from tests.place import COHORT, PROJECT

LARGEST = 65_536


def serve(orders: socket.socket) -> None:
    """Fork what is ordered, and tell how it ended, until the other side hangs up."""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ, 0)
        running: dict[int, int] = {}
        while True:
            for ready, _ in selector.select():
                if ready.data:
                    pid = running.pop(ready.data)
                    selector.unregister(ready.fileobj)
                    os.close(ready.fd)
                    # reaped at once: a run asks whether the process that holds the ledger is still there
                    status = os.waitpid(pid, 0)[1]
                    orders.send(json.dumps({"ended": pid, "status": status}).encode())
                    continue
                order = orders.recv(LARGEST)
                if not order:
                    for pid in running:
                        os.kill(pid, signal.SIGKILL)
                    return
                pid = os.fork()
                if not pid:
                    orders.close()
                    run(**json.loads(order))
                descriptor = os.pidfd_open(pid)
                running[pid] = pid
                selector.register(descriptor, selectors.EVENT_READ, pid)
                orders.send(json.dumps({"pid": pid}).encode())


def run(
    arguments: list[str], folder: str, environment: dict[str, str], out: str, err: str = "", typed: str = os.devnull
) -> NoReturn:
    """The real command, as if it had been started; without `err` both outputs go to one file. `typed`: its input."""
    code: Any = 70
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(typed, os.O_RDONLY), 0)
        os.dup2(target, 1)
        os.dup2(os.open(err, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if err else target, 2)
        sys.argv = ["cohorts", *arguments]
        main()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter itself would
        traceback.print_exc()
        code = 1
    finally:
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def everything() -> None:
    """Import what commands import late, and run some that find nobody to talk to: no run pays for first uses."""
    for found in pkgutil.walk_packages(runner.__path__, "runner."):
        if not found.name.startswith("runner.sandbox"):
            importlib.import_module(found.name)
    before, argv = Path.cwd(), sys.argv
    os.environ |= {"TD_API_KEY": "none", "COHORTS_RETRY_SECONDS": "0"}
    with TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        (Path(folder) / "cohorts").mkdir()
        (Path(folder) / "cohorts" / "project.yml").write_text(PROJECT.format(url="http://127.0.0.1:1", connection="x"))
        (Path(folder) / "cohorts" / "one.yml").write_text(
            COHORT.format(id="one", name="One", sql="SELECT customer_id FROM t")
        )
        os.chdir(folder)
        for command in ("validate", "plan", "sync"):
            sys.argv = ["cohorts", command]
            with suppress(SystemExit), redirect_stdout(nowhere), redirect_stderr(nowhere):
                main()
        os.chdir(before)
    sys.argv = argv
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    gc.collect()
    gc.freeze()  # or every fork would copy what the collector touches


if __name__ == "__main__":
    everything()
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        serve(inherited)
