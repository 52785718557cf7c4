"""What the person at the terminal sees: steps with their duration, notes, errors."""

import contextlib
import sys
import time


class SetupError(Exception):
    """Something that the user has to mend; the text says what and how."""


def note(text):
    """Print one line of information."""
    print(f"    {text}", flush=True)


def warn(text):
    """Print one line that needs attention, on the error stream."""
    print(f"    warning: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """Announce a long step, and say how many seconds it took."""
    print(f"==> {title}", flush=True)
    started = time.monotonic()
    yield
    print(f"    done in {time.monotonic() - started:.1f} s", flush=True)
