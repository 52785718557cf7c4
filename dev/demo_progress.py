"""A progress bar in plain characters; a line now and then where the output is no terminal."""

import shutil
import sys
import time

#: Least seconds between two lines where the output is no terminal.
LINE_SECONDS = 2.0
WIDEST_BAR = 40


class Progress:
    """How far something has come.

    :param title: what is going on
    :param total: how many steps make 100 %; 0 counts as done
    """

    def __init__(self, title, total, stream=None):
        self.title = title
        self.total = total
        self.stream = stream or sys.stdout
        self.is_terminal = self.stream.isatty()
        self.done = None
        self._lined = None
        self._shown_at = 0.0

    def show(self, done):
        """Draw the bar anew when `done` has moved."""
        if done == self.done:
            return
        is_first = self.done is None
        self.done = done
        if self.is_terminal:
            self.stream.write(f"\r{self._bar()}")
            self.stream.flush()
        elif is_first or time.monotonic() - self._shown_at >= LINE_SECONDS:
            self._line()

    def close(self, remark=""):
        """Leave the last state on the screen, with a remark."""
        if self.is_terminal:
            self.stream.write(f"\r{self._bar()}{'  ' if remark else ''}{remark}\n")
            self.stream.flush()
        elif remark or self._lined != self.done:
            self._line(remark)

    def _line(self, remark=""):
        self._shown_at, self._lined = time.monotonic(), self.done
        text = f"    {self.title:<10} {self._share():4.0%}  {self.done or 0} of {self.total}"
        print(f"{text}{'  ' if remark else ''}{remark}", file=self.stream, flush=True)

    def _bar(self):
        room = shutil.get_terminal_size().columns - 40
        width = max(10, min(WIDEST_BAR, room))
        filled = round(width * self._share())
        bar = "#" * filled + "." * (width - filled)
        return (
            f"    {self.title:<10} [{bar}] {self._share():4.0%}  {self.done or 0} of {self.total}"
        )

    def _share(self):
        return min(1.0, (self.done or 0) / self.total) if self.total else 1.0
