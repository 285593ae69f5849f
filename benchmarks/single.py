"""What is measured once or in bytes: memory, imports, reading the CSV files."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import cat
from .timing import Contestant


def bytes_an_operation(links: int) -> Contestant:
    """What the record of a scalar chain takes, besides the numbers themselves."""
    from microtensor import Tensor

    def step() -> float:
        x, a, b = (Tensor(v, requires_grad=True) for v in (1.0, 0.999, 0.001))
        tracemalloc.start()
        y = x
        for _ in range(links):
            y = y * a + b
        taken = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        number = sys.getsizeof(np.float64(0))
        return taken / (2 * links) - number

    return Contestant(step)


def backward_peak(**sizes: Any) -> Contestant:
    """The peak of memory in the cat step's backward, as a part of what it can't do without.

    That is parameters, gradients, activations, and one gradient of the largest activation.
    """
    import nn

    case = cat.Case(**sizes)
    largest = len(case.X) * max(case.dims[1:]) * case.dtype.itemsize

    def step() -> float:
        tracemalloc.start()
        model = nn.CatClassifier(case.dims, rng=1, dtype=case.dtype)
        cost = nn.BCELoss()(model(case.X), case.Y)
        gradients = sum(p.data.nbytes for p in model.parameters())
        needed = tracemalloc.get_traced_memory()[0] + gradients + largest
        tracemalloc.reset_peak()
        cost.backward()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / needed

    return Contestant(step)


def resident_peak(build: Callable[[], Contestant]) -> Contestant:
    """The most memory that the contestant's process ever held, after a few of its steps."""
    step = build().step

    def peak() -> float:
        for _ in range(3):
            step()
        return _peak_of_this_process()

    return Contestant(peak)


def _peak_of_this_process() -> float:
    """In bytes. Linux's getrusage would count what the parent held when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return 1024 * float(line.split()[1])
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def importing(packages: str) -> Contestant:
    """Seconds that `import ...` takes in a fresh process where NumPy is loaded, compiled before."""
    program = (
        "from time import perf_counter; import numpy; start = perf_counter();"
        f"import {packages}; print(perf_counter() - start)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def step() -> float:
        return float(subprocess.check_output([sys.executable, "-c", program], env=environment))

    for package in packages.split(", "):
        __import__(package)  # raises where it isn't installed
    step()
    return Contestant(step)


def load_cats(size: int) -> Contestant:
    import nn

    folder = CsvFiles(size)
    found: list[Any] = []

    def step() -> None:
        found[:] = nn.datasets.load_cats(folder.path)

    return Contestant(step, lambda: found)


def loadtxt(size: int) -> Contestant:
    folder = CsvFiles(size)
    found: list[Any] = []

    def step() -> None:
        found.clear()
        for name in ("train_images", "train_labels", "test_images", "test_labels"):
            with open(folder.path / f"{name}.csv") as file:
                found.append(np.loadtxt(file, delimiter=",", ndmin=2))

    return Contestant(step, lambda: found)


class CsvFiles:
    """The real files where MICROTENSOR_CATS says they are, else drawn cats in the same format.

    Drawn ones are deleted with this object.
    """

    def __init__(self, size: int) -> None:
        if "MICROTENSOR_CATS" in os.environ and size >= 209:
            self.path = Path(os.environ["MICROTENSOR_CATS"])
            return
        import nn

        self._folder = tempfile.TemporaryDirectory(prefix="microtensor-")
        self.path = Path(self._folder.name)
        cats = nn.datasets.drawn_cats(train=size, test=max(1, size // 4))
        for name, array in zip(cats._fields, cats, strict=True):
            np.savetxt(self.path / f"{name}.csv", array, fmt="%d", delimiter=",")
