"""A file that takes the place of an old one whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, Any

fcntl: Any = None
with suppress(ImportError):  # Windows, which deletes no file that is open, needs no lock
    import fcntl


@contextmanager
def draft(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """`with draft(path) as file:` writes what stands at the path once all has gone well.

    It is written beside the old file, under a name of its own, and locked: so a draft whose writer
    died is known from one that is being written, and the next writer removes it.
    """
    whole = os.fsdecode(os.path.realpath(path))  # where a link leads
    folder, name = os.path.split(whole)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {folder}")
    mode = os.stat(whole).st_mode if os.path.exists(whole) else None
    if mode is not None and not os.path.isfile(whole):
        raise OSError(f"save: {whole} is no file, and isn't replaced by one")
    start = os.path.join(folder, f".{name[:50]}.")  # so that the rest fits behind a long name too
    _remove_left_over(start)
    file = _begin(start)
    try:
        with file:
            if mode is not None:
                os.chmod(file.name, mode & 0o7777)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not fcntl:
                file.close()
            os.replace(file.name, whole)
    except BaseException:
        with suppress(OSError):
            os.unlink(file.name)
        raise


def _begin(start: str) -> IO[bytes]:
    """A new file, locked."""
    while True:
        file = open(f"{start}{os.urandom(8).hex()}.part", "xb")  # noqa: SIM115  # `draft` closes it
        _locked(file, 0)
        if os.path.exists(file.name):
            return file
        file.close()  # it was taken for one left over, before it was locked


def _locked(file: Any, wait: int) -> bool:
    with suppress(OSError):  # where there are no locks, nothing is removed
        return not (fcntl and fcntl.flock(file, fcntl.LOCK_EX | wait))
    return False


def _remove_left_over(start: str) -> None:
    """Removes drafts that nobody writes any more."""
    from glob import escape, glob  # which takes longer to import than all of this package's files

    for here in glob(f"{escape(start)}{'[0-9a-f]' * 16}.part"):
        with suppress(OSError), open(here, "rb") if fcntl else nullcontext() as file:
            if not fcntl or _locked(file, fcntl.LOCK_NB):
                os.unlink(here)
