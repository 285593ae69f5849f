"""Measuring: each contestant in a process of its own, taking turns, round after round.

So no library's threads, memory or garbage disturb another's, and what the machine does meanwhile
falls on all alike: a ratio is taken within a round, and the median over the rounds is reported.
"""

from __future__ import annotations

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

MISSING = "missing"  # a library that isn't installed, or can't do it here: no fault
WARM_UP = 0.03  # seconds: as long as a BLAS thread of the one before may still be spinning


class Contestant(NamedTuple):
    """One way to do a piece of work."""

    step: Callable[[], Any]  # does it once; where a row isn't timed, returns what it measured
    numbers: Callable[[], Sequence[Any]] | None = None  # its gradients after the first step
    work: int = 1  # what it takes is divided by: the operations in a step


class Goal(NamedTuple):
    """`ours` takes at most `at_most` times what `theirs` takes (None: at most so much)."""

    ours: str
    theirs: str | None
    at_most: float


@dataclass
class Row:
    """A piece of work, those who do it, and what is to be reached."""

    name: str  # what --rows calls it
    title: str
    unit: str
    scale: float  # from seconds (or what a step returns) to the unit
    contestants: dict[str, Callable[[], Contestant]]
    goals: Sequence[Goal] = ()
    timed: bool = True
    rounds: int | None = None  # fewer, where a step takes long
    tolerance: float = 1e-9
    x: float | None = None  # where it stands on the axis of a curve
    results: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def ratios(self, goal: Goal) -> list[float]:
        """What a goal is about, once for every round; empty where one wasn't measured."""
        ours = self.results.get(goal.ours, [])
        if goal.theirs is None:
            return ours
        theirs = self.results.get(goal.theirs, [])
        return [a / b for a, b in zip(ours, theirs, strict=True)] if ours and theirs else []


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def run(row: Row, rounds: int, seconds: float, tick: Callable[[], Any]) -> None:
    """Fills `row.results`. `tick()` is called after every round.

    Raises ValueError if a contestant's numbers differ from those of the row's first, and
    RuntimeError if one fails. One that raises ImportError is noted and left out.
    """
    context = multiprocessing.get_context("spawn")  # nothing is inherited but the environment
    pipes: dict[str, Connection] = {}
    processes: list[Any] = []
    try:
        for name, build in row.contestants.items():
            pipes[name], end = context.Pipe()
            process = context.Process(target=_serve, args=(end, build), daemon=True)
            process.start()
            end.close()
            processes.append(process)
        reference: Sequence[Any] = ()
        for name in list(pipes):
            fault, numbers = _answer(pipes[name])
            if fault == MISSING:
                row.notes.append(f"{name}: {numbers}")
                pipes.pop(name).close()
            elif fault:
                raise RuntimeError(f"{row.title}, {name}: {fault}")
            elif numbers is not None:
                reference = reference or numbers
                _compare(row, name, numbers, reference)
        for _ in range(rounds):
            for name, pipe in pipes.items():
                pipe.send(seconds if row.timed else 0)
                fault, value = _answer(pipe)
                if fault:
                    raise RuntimeError(f"{row.title}, {name}: {fault}")
                row.results.setdefault(name, []).append(value * row.scale)
            tick()
    finally:
        for pipe in pipes.values():
            pipe.close()  # what tells them to end
        for process in processes:
            process.join(10)
            process.kill()


def _answer(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except EOFError:
        return "its process ended", None


def _serve(pipe: Connection, build: Callable[[], Contestant]) -> None:
    """A contestant's process: gets ready, then takes a turn whenever it is asked for one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    warnings.simplefilter("ignore")  # the peers' own
    try:
        step, numbers, work = build()
        if numbers is not None:
            step()
        pipe.send(("", None if numbers is None else [np.asarray(x) for x in numbers()]))
        while True:
            seconds = pipe.recv()
            pipe.send(("", (turn(step, seconds) if seconds else step()) / work))
    except (EOFError, OSError):
        return  # the parent has gone
    except ImportError as error:
        pipe.send((MISSING, str(error)))
    except Exception as error:
        pipe.send((f"{type(error).__name__}: {error}", None))


def turn(step: Callable[[], Any], seconds: float) -> float:
    """The median time of a step, in seconds, over a turn of this length."""
    times: list[float] = []
    start = perf_counter()
    while perf_counter() < start + min(WARM_UP, seconds):
        step()
    start = perf_counter()
    while not times or perf_counter() < start + seconds:
        begin = perf_counter()
        step()
        times.append(perf_counter() - begin)
    return median(times)


def _compare(row: Row, name: str, numbers: Sequence[Any], reference: Sequence[Any]) -> None:
    """Refuses a contestant that computes something else."""
    for k, (ours, theirs) in enumerate(zip(numbers, reference, strict=True)):
        off = differ(ours, theirs)
        if not off <= row.tolerance:
            raise ValueError(f"{row.title}: {name} is off by {off:.1e} in its number {k}")


def differ(a: Any, b: Any) -> float:
    """The largest difference, as a part of the largest number."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        return float("inf")
    return float(np.abs(a - b).max() / (np.abs(b).max() or 1))
