"""A million training steps, eager and compiled: memory and live objects may not grow.

python -m benchmarks.soak                     in about five minutes
python -m benchmarks.soak --steps 20000       sooner
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import microtensor
import nn

TURNS = 10
SPARE = 2 << 20  # bytes that may come and go with the allocator


def training(compiled: bool) -> Callable[[], Any]:
    """One step of a small network with a layer of each kind that keeps something."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8, 4))
    Y = (X[:, :1] > 0).astype(float)
    layers = nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.Linear(8, 1, rng=rng)
    model = nn.Sequential(*layers)
    loss, optimizer = nn.BCEWithLogitsLoss(), nn.Adam(model.parameters(), lr=1e-4)

    def cost() -> Any:
        return loss(model(X), Y)

    def eager() -> Any:
        result = cost()
        result.backward()
        return result.item()

    compute = microtensor.compile(cost) if compiled else eager

    def step() -> Any:
        optimizer.zero_grad()
        result = compute()
        optimizer.step()
        return result

    return step


def resident() -> int:
    """The bytes of memory that the process holds, as Linux counts them."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def soak(name: str, step: Callable[[], Any], steps: int) -> bool:
    """Whether nothing grew between the first tenth of the steps and the last."""
    seen = []
    with tqdm(total=steps, desc=name) as bar:
        for _ in range(TURNS):
            for _ in range(steps // TURNS):
                result = step()
            bar.update(steps // TURNS)
            gc.collect()
            seen.append((resident(), len(gc.get_objects())))
    grown, born = (last - first for first, last in zip(seen[0], seen[-1], strict=True))
    print(f"{name}: cost {result:.6f}, {grown / 1024:+.0f} KB, {born:+d} objects")
    return grown <= SPARE and born <= 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1_000_000, metavar="N")
    steps = max(parser.parse_args().steps, TURNS)
    ways = {"eager": False, "compiled": True}
    kept = [soak(name, training(compiled), steps) for name, compiled in ways.items()]
    sys.exit(0 if all(kept) else "something grew")


if __name__ == "__main__":
    main()
