"""Work counted instead of timed: the same on every machine, however busy it is."""

import sys


def calls(work):
    """How many functions are called, Python's and C's, while `work` runs."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
