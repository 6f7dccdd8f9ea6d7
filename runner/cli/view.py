"""The live view of a run on a terminal: drawn on stderr while it lasts, and gone afterwards."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from runner.cli.context import tell_line
from runner.report.progress import Progress
from runner.report.screen import fitted
from runner.sync.progress import Event
from runner.treasuredata.waits import Waits

SECOND = 4
"""How often the view is drawn in a second."""

COLOURS = {
    r"\b[1-9][\d,]* done\b": "green",
    r"\b[1-9][\d,]* failed\b": "red",
}
"""What is coloured, in two of the terminal's own colours: they can be read on a light
background and on a dark one.
"""


class View:
    """The view of a run. It begins with the first event, so that what is asked before
    it does not stand in it; use as a context manager.
    """

    def __init__(self, progress: Progress) -> None:
        self.waits = Waits(time.monotonic, self._say)
        self._progress = progress
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(
            get_renderable=self._drawn,
            console=self._console,
            refresh_per_second=SECOND,
            transient=True,
            redirect_stdout=False,
        )
        self._lock = threading.Lock()

    def __enter__(self) -> View:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Take an event."""
        self._progress.hear(event)
        with self._lock:
            if not self._live.is_started:
                self._live.start()

    def _say(self, line: str) -> None:
        """Print a line about a service, unless the view shows it anyway."""
        if not self._live.is_started:
            tell_line(line)

    def _drawn(self) -> Text:
        """The view as of now."""
        width, height = self._console.size
        said = fitted("\n".join(self.waits.lines()), width, coloured=False).splitlines()
        lines = self._progress.view(width, height - len(said))
        text = Text("\n".join([*lines, *said]), no_wrap=True, overflow="ellipsis")
        for pattern, colour in COLOURS.items():
            text.highlight_regex(pattern, colour)
        return text
