"""What was measured on what: the machine, its BLAS, and the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

QUIET = 0.3  # processes at work on average in the last minute
PACKAGES = ("numpy", "torch", "jax", "autograd", "mygrad", "micrograd")


def description() -> list[str]:
    """Lines of text."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()}, Python {platform.python_version()}"
    return [
        f"{_processor()}, {cores} cores, {system}",
        *_others(),
        f"BLAS: {_blas()}; OPENBLAS_CORETYPE is {os.environ.get('OPENBLAS_CORETYPE', 'not set')}",
        ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name))),
    ]


def _others() -> list[str]:
    """What else the machine was doing. Two threads that wait for each other suffer most by it."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load < QUIET:
        return [f"load before: {load:.2f}"]
    return [f"load before: {load:.2f}. OTHER WORK IS RUNNING: figures of several threads are void"]


def _processor() -> str:
    """The model, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _blas() -> str:
    """The library behind NumPy's matrix products, and the kernel that it chose."""
    import numpy  # noqa: F401  # loads it

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "threadpoolctl isn't installed"
    pools = [p for p in threadpool_info() if p["user_api"] == "blas"]
    return (
        ", ".join(
            f"{p['internal_api']} {p['version']}, kernel {p.get('architecture', 'unknown')}, "
            f"{p['num_threads']} threads"
            for p in pools
        )
        or "unknown"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
