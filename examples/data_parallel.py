"""Trains the cat classifier over several JAX devices, each with its share of the examples.

    python examples/data_parallel.py               drawn cats, 4 devices made of this one CPU
    python examples/data_parallel.py --data DIR    the tutorial's four CSV files

The program is the one that microtensor writes. JAX is told how the arrays lie on the devices, and
adds the gradients up between them by itself; the costs are compared with NumPy's.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

import nn
from microtensor import Tensor, log, record_constants, sum, to_source

LAYERS = (12288, 20, 7, 5, 1)


def main(arguments=None):
    options = read_options(arguments)
    devices = start_jax(options.devices)
    try:
        cats = nn.datasets.load_cats(options.data) if options.data else nn.datasets.drawn_cats()
    except (ValueError, OSError) as error:
        stop(error)
    X, Y = cats.train_images / 255, cats.train_labels.astype(float)
    model = nn.CatClassifier((X.shape[1], *LAYERS[1:]), rng=1)

    parallel, seconds = train(model, X, Y, devices, options)
    try:
        with np.errstate(all="ignore"):  # fit says it in its own words
            alone = train_alone(model, X, Y, options)
    except FloatingPointError as error:
        stop(error)
    for i, (a, b) in enumerate(zip(parallel, alone, strict=True)):
        if i % 100 == 0 or i == options.iterations - 1:
            print(f"cost after iteration {i}: {a:.12f} on the devices, {b:.12f} in NumPy")
    off = np.abs(np.subtract(parallel, alone)).max(initial=0)
    print(f"largest difference of the costs: {off:.1e}; {1000 * seconds:.2f} ms an iteration")


def read_options(arguments):
    """The command line, checked; what is wrong is said in one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.error = stop
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the four CSV files")
    parser.add_argument("--devices", type=int, default=4, metavar="N")
    parser.add_argument("--learning-rate", type=float, default=0.0075, metavar="RATE")
    parser.add_argument("--iterations", type=int, default=300, metavar="N")
    options = parser.parse_args(arguments)
    for name in ("devices", "iterations"):
        if getattr(options, name) < 1:
            stop(f"--{name} is at least 1, got {getattr(options, name)}")
    return options


def stop(reason):
    sys.exit(f"data_parallel: {reason}")


def start_jax(count):
    """So many devices. JAX reads its flags when it is imported, and not again."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={count}"
    try:
        import jax
    except ImportError:
        stop("JAX isn't installed: pip install jax")
    jax.config.update("jax_enable_x64", True)
    devices = jax.devices()
    if len(devices) != count:
        stop(f"JAX was imported before, with {len(devices)} devices instead of {count}")
    return devices


def weighted_cost(model, X, Y, weights):
    """The tutorial's cost, the mean over the examples, as a weighted sum."""
    with record_constants():  # 1 - Y is part of the program
        A = model(X)
        return -sum(weights * (Y * log(A) + (1 - Y) * log(1 - A)))


def shares(X, Y, count):
    """Examples, labels and weights, filled up with zeros so that all devices get equally many.

    209 examples don't divide by 4: three empty ones of weight 0 are added, and each of the others
    counts 1/209. So cost and gradients are those of the 209.
    """
    missing = -len(X) % count
    weights = np.full((len(X), 1), 1 / len(X))
    return [np.concatenate([a, np.zeros((missing, a.shape[1]), a.dtype)]) for a in (X, Y, weights)]


def train(model, X, Y, devices, options):
    """The costs of the training on the devices, and the seconds of an iteration."""
    from time import perf_counter

    import jax
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    data = dict(zip(("X", "Y", "weights"), shares(X, Y, len(devices)), strict=True))
    named = {name: Tensor(array, name=name) for name, array in data.items()}
    program = {}
    exec(to_source(weighted_cost(model, **named), xp="jax.numpy"), program)
    loss_and_gradients = program["L_and_gradients"]

    mesh = Mesh(np.array(devices), ("examples",))
    rows = NamedSharding(mesh, PartitionSpec("examples"))  # each device has its own
    everywhere = NamedSharding(mesh, PartitionSpec())
    data = {name: jax.device_put(array, rows) for name, array in data.items()}
    parameters = {p.name: jax.device_put(p.numpy(), everywhere) for p in model.parameters()}
    each = data["X"].shape[0] // len(devices)
    print(f"{len(X)} examples, {each} rows on each of {len(devices)} devices")

    @jax.jit
    def step(parameters, data):
        cost, gradients = loss_and_gradients(**data, **parameters)
        rate = options.learning_rate
        return cost, {name: p - rate * gradients[name] for name, p in parameters.items()}

    costs = []
    step(parameters, data)  # compiles it
    start = perf_counter()
    for _ in range(options.iterations):
        cost, parameters = step(parameters, data)
        costs.append(float(cost))
    return costs, (perf_counter() - start) / options.iterations


def train_alone(model, X, Y, options):
    """The costs of the same training by `fit`, in NumPy."""
    optimizer = nn.SGD(model.parameters(), lr=options.learning_rate)
    return nn.fit(
        model, X, Y, iterations=options.iterations, optimizer=optimizer, print_every=None
    ).costs


if __name__ == "__main__":
    main()
