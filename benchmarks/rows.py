"""The rows: which pieces of work, who does them, and what is to be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from . import cat, chain, mlp, models, single, stalls
from .timing import Goal, Row

OURS, COMPILED = "microtensor", "microtensor, compiled"
CLOSURE = "microtensor, compiled, images by closure"
EXPORTED = "microtensor, exported"
HAND, PRODUCTS, TUTORIAL = "NumPy by hand", "its BLAS calls alone", "NumPy, the tutorial's"
UPDATED = "its BLAS calls and update"
TORCH, TORCH1, TORCH_COMPILED = "PyTorch", "PyTorch, 1 thread", "PyTorch, compiled"
JAX, AUTOGRAD, MYGRAD, MICROGRAD = "JAX, jit", "autograd", "MyGrad", "micrograd"
PEERS = {  # what a library is called for --peers, and its contestants
    "torch": (TORCH, TORCH1, TORCH_COMPILED),
    "jax": (JAX, EXPORTED),
    "autograd": (AUTOGRAD,),
    "mygrad": (MYGRAD,),
    "micrograd": (MICROGRAD,),
}


def all_rows(quick: bool, names: Iterable[str]) -> list[Row]:
    """The rows of these names; `quick` makes the work tiny, and the figures worthless."""
    return [row for name in NAMES if name in names for row in _ROWS[name](quick)]


def _cat_sizes(quick: bool) -> dict[str, Any]:
    if quick:
        return {"examples": 8, "dims": (12, 4, 3, 1)}
    return {"examples": 209, "dims": (12288, 20, 7, 5, 1)}


def cat_steps(quick: bool) -> list[Row]:
    """In float64 with all peers, in float32 with those that stay in it."""
    rows = []
    for dtype in ("float64", "float32"):
        size = {"dtype": dtype, **_cat_sizes(quick)}
        contestants = {
            TUTORIAL: partial(cat.tutorial, **size),
            HAND: partial(cat.careful, **size),
            PRODUCTS: partial(cat.products, **size),
            UPDATED: partial(cat.products, update=True, **size),
            OURS: partial(cat.microtensor, **size),
            COMPILED: partial(cat.microtensor, compiled=True, **size),
            CLOSURE: partial(cat.microtensor, compiled=True, closure=True, **size),
            TORCH: partial(cat.pytorch, **size),
            TORCH1: partial(cat.pytorch, threads=1, **size),
            TORCH_COMPILED: partial(cat.pytorch, compiled=True, **size),
            JAX: partial(cat.jax, **size),
        }
        goals = [Goal(OURS, UPDATED, 1.10), Goal(OURS, TORCH, 0.75), Goal(OURS, TUTORIAL, 0.55)]
        goals += [Goal(COMPILED, UPDATED, 1.05), Goal(CLOSURE, COMPILED, 1.05)]
        goals.append(Goal(COMPILED, JAX, 0.92))
        if dtype == "float32":
            goals = [Goal(OURS, PRODUCTS, 1.12), Goal(OURS, TORCH, 0.70)]
        else:
            contestants[AUTOGRAD] = partial(cat.autograd, **size)
            contestants[MYGRAD] = partial(cat.mygrad, **size)
        tolerance = 1e-9 if dtype == "float64" else 1e-2
        title = f"cat step, {dtype}"
        rows.append(Row("cat", title, "ms", 1e3, contestants, goals, tolerance=tolerance))
    return rows


def mlp_step(quick: bool) -> list[Row]:
    """It is small as it is."""
    contestants = {
        HAND: mlp.careful,
        OURS: mlp.microtensor,
        COMPILED: partial(mlp.microtensor, compiled=True),
        TORCH: mlp.pytorch,
        TORCH1: partial(mlp.pytorch, threads=1),
        TORCH_COMPILED: partial(mlp.pytorch, compiled=True),
        JAX: mlp.jax,
        AUTOGRAD: mlp.autograd,
        MYGRAD: mlp.mygrad,
    }
    goals = [Goal(OURS, TORCH, 0.55), Goal(COMPILED, HAND, 1.0), Goal(COMPILED, JAX, 1.0)]
    return [Row("mlp", "small MLP step", "us", 1e6, contestants, goals)]


def _a_chain(links: int, shape: tuple[int, ...]) -> dict[str, Any]:
    size = {"links": links, "shape": shape}
    return {
        HAND: partial(chain.numpy, **size),
        OURS: partial(chain.microtensor, **size),
        TORCH: partial(chain.pytorch, **size),
        AUTOGRAD: partial(chain.autograd, **size),
        MYGRAD: partial(chain.mygrad, **size),
    }


def chains(quick: bool) -> list[Row]:
    links = 5 if quick else 1000
    scalar = _a_chain(links, ()) | {MICROGRAD: partial(chain.micrograd, links=links)}
    goals = [Goal(OURS, TORCH, 0.42), Goal(OURS, MICROGRAD, 1.1)]
    return [
        Row("chain", f"scalar chain, {links} links", "us an operation", 1e6, scalar, goals),
        Row("chain", "the same on 64 x 64", "us an operation", 1e6, _a_chain(links, (64, 64))),
    ]


def sizes(quick: bool) -> list[Row]:
    """A short chain of vectors from 1 to 10^6 numbers."""
    links = 10
    return [
        Row(
            "size",
            f"chain of {links} links on {n:,} numbers",
            "us an operation",
            1e6,
            _a_chain(links, (n,)),
            x=n,
        )
        for n in ((1, 10) if quick else (1, 10, 100, 1000, 10**4, 10**5, 10**6))
    ]


def depths(quick: bool) -> list[Row]:
    """Chains from 10^3 to 10^6 operations; and the longest beside a short one."""
    steps = (10, 100, 1000) if quick else (10**3, 10**4, 10**5, 10**6)
    rows = []
    for n in steps:
        links = n // chain.OPERATIONS
        contestants = {OURS: partial(chain.microtensor, links=links)}
        contestants[TORCH] = partial(chain.pytorch, links=links)
        if n <= 10**4:
            contestants[AUTOGRAD] = partial(chain.autograd, links=links)
            contestants[MYGRAD] = partial(chain.mygrad, links=links)
        title, unit = f"chain of {n:,} operations", "us an operation"
        rows.append(Row("depth", title, unit, 1e6, contestants, x=n, rounds=3))
    short, long = steps[1], steps[-1]
    names = [f"{n:,} operations" for n in (short, long)]
    contestants = {
        name: partial(chain.microtensor, links=n // chain.OPERATIONS)
        for name, n in zip(names, (short, long), strict=True)
    }
    goal = Goal(names[1], names[0], 1.3)
    title = "microtensor's longest chain beside a short one"
    row = Row("depth", title, "us an operation", 1e6, contestants, [goal], rounds=5)
    row.tolerance = float("inf")  # a longer chain has other gradients
    rows.append(row)
    return rows


def widths(quick: bool) -> list[Row]:
    """One number, used 10^2 to 10^5 times."""
    return [
        Row(
            "width",
            f"{n:,} uses of one number",
            "us an operation",
            1e6,
            {
                OURS: partial(chain.microtensor_wide, uses=n),
                TORCH: partial(chain.pytorch_wide, uses=n),
                AUTOGRAD: partial(chain.autograd_wide, uses=n),
            },
            x=n,
            rounds=5,
        )
        for n in ((2, 4) if quick else (100, 1000, 10**4, 10**5))
    ]


def stalled(quick: bool) -> list[Row]:
    """Beside one thread of PyTorch's; NumPy's BLAS takes as many as it is told to."""
    at_most = {"linear": 1.2, "cubes": 1.0, "product": 3.0, "embedding": 1.5, "cross-entropy": 1.5}
    rows = []
    for name, title in stalls.TITLES.items():
        contestants = {
            OURS: partial(stalls.microtensor, name, quick),
            TORCH1: partial(stalls.pytorch, name, quick),
        }
        goals = [Goal(OURS, TORCH1, at_most.get(name, 2.0))]
        rows.append(Row("stalls", title, "ms", 1e3, contestants, goals, rounds=7))
    return rows


def model_steps(quick: bool) -> list[Row]:
    """The gallery and a few more, eager and compiled, beside one thread of PyTorch's."""
    at_most = {
        **dict.fromkeys(("xor", "moons", "digits", "vae"), (0.7, 0.3)),
        **dict.fromkeys(("pinn", "neural_ode", "gaussian_process"), (0.8, 0.17)),
        **dict.fromkeys(("rnn", "gru", "lstm", "char_lstm"), (0.9, 0.45)),
        "cnn": (1.0, 0.8),
        "gpt": (1.0, 0.6),
        "elementwise": (0.7, 0.6),
    }
    rows = []
    for name, title in models.TITLES.items():
        contestants = {
            OURS: partial(models.microtensor, name, quick),
            COMPILED: partial(models.microtensor, name, quick, compiled=True),
            TORCH1: partial(models.pytorch, name, quick),
        }
        if name == "newton":  # a step takes derivatives
            del contestants[COMPILED]
        pairs = zip((OURS, COMPILED), at_most.get(name, ()), strict=False)
        goals = [Goal(ours, TORCH1, most) for ours, most in pairs]
        what = "value and gradients" if name in models.UNTRAINED else "a step"
        rows.append(Row("models", f"{title}, {what}", "ms", 1e3, contestants, goals, rounds=7))
    return rows


def doublings(quick: bool) -> list[Row]:
    """The number of paths doubles with each, the time may not."""
    contestants = {f"{n} doublings": partial(chain.doublings, times=n) for n in (10, 30)}
    goals = [Goal("30 doublings", "10 doublings", 1.1)]
    return [Row("doublings", "x = x + x", "us a doubling", 1e6, contestants, goals)]


def exported_step(quick: bool) -> list[Row]:
    """The program that `to_source` writes, under `jax.jit`, beside one written for JAX."""
    size = {"dtype": "float64", **_cat_sizes(quick)}
    contestants = {JAX: partial(cat.jax, **size), EXPORTED: partial(cat.exported, **size)}
    goals = [Goal(EXPORTED, JAX, 1.05)]
    return [Row("exported", "cat step under jax.jit", "ms", 1e3, contestants, goals)]


def memory(quick: bool) -> list[Row]:
    size = {"dtype": "float64", **_cat_sizes(quick)}
    links = 50 if quick else 50_000
    record = {OURS: partial(single.bytes_an_operation, links=links)}
    peak = {OURS: partial(single.backward_peak, **size)}
    steps = {
        OURS: cat.microtensor,
        TUTORIAL: cat.tutorial,
        TORCH: cat.pytorch,
        JAX: cat.jax,
        AUTOGRAD: cat.autograd,
        MYGRAD: cat.mygrad,
    }
    resident = {
        name: partial(single.resident_peak, partial(step, **size)) for name, step in steps.items()
    }
    least = "parts of the least"
    return [
        _once("memory", "the record", "bytes an operation", 1, record, 204),
        _once("memory", "peak of the cat step's backward", least, 1, peak, 1.05),
        _once("memory", "cat step, the process's peak", "MB", 1e-6, resident),
    ]


def _once(
    name: str, title: str, unit: str, scale: float, by: dict[str, Any], at_most: float | None = None
) -> Row:
    """Measured by its contestants themselves, and once: it doesn't vary."""
    goals = [] if at_most is None else [Goal(OURS, None, at_most)]
    return Row(name, title, unit, scale, by, goals, timed=False, rounds=1)


def imports(quick: bool) -> list[Row]:
    """In a fresh process each time, beyond NumPy's own import."""
    packages = {
        OURS: "microtensor, nn",
        TORCH: "torch",
        JAX: "jax.numpy",
        AUTOGRAD: "autograd.numpy",
        MYGRAD: "mygrad",
    }
    contestants = {name: partial(single.importing, p) for name, p in packages.items()}
    goals = [Goal(OURS, None, 10)]
    title = "import, beyond NumPy's"
    return [Row("import", title, "ms", 1e3, contestants, goals, timed=False, rounds=9)]


def csv_files(quick: bool) -> list[Row]:
    """The real ones where MICROTENSOR_CATS says they are."""
    size = 8 if quick else 209
    loadtxt = "np.loadtxt on open files"
    contestants = {
        OURS: partial(single.load_cats, size),
        loadtxt: partial(single.loadtxt, size),
    }
    goals = [Goal(OURS, loadtxt, 0.12)]
    return [Row("csv", "reading the four CSV files", "ms", 1e3, contestants, goals, rounds=5)]


_ROWS: dict[str, Callable[[bool], list[Row]]] = {
    "cat": cat_steps,
    "mlp": mlp_step,
    "chain": chains,
    "size": sizes,
    "depth": depths,
    "width": widths,
    "stalls": stalled,
    "models": model_steps,
    "doublings": doublings,
    "exported": exported_step,
    "memory": memory,
    "import": imports,
    "csv": csv_files,
}
NAMES = tuple(_ROWS)
