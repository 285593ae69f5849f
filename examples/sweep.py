"""Tries layer sizes and learning rates for the cat classifier, several at a time.

    python examples/sweep.py                                 drawn cats, 12 settings
    python examples/sweep.py --data DIR                      the tutorial's four CSV files
    python examples/sweep.py --hidden 20,7,5 50,10 --learning-rates 0.0075,0.02

Each setting is a process's work. Its row is added to sweep.csv in --out when it is done, so that
a sweep that was interrupted goes on where it ended. At the end there are a table and sweep.png.
"""

import argparse
import csv
import hashlib
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

POINTS = 50  # of a training's costs that are kept for the plot
MARK = " sha256:"
EXTRAS = "pip install -e '.[examples]'"


class Setting(NamedTuple):
    """What is tried; the columns of sweep.csv that say whether it was done."""

    hidden: str
    learning_rate: float
    iterations: int
    seed: int
    data: str


COLUMNS = (*Setting._fields, "train_accuracy", "test_accuracy", "cost", "seconds", "costs")


def main(arguments=None):
    options = read_options(arguments)
    try:
        run(options)
    except (ValueError, OSError) as error:
        stop(error)
    except KeyboardInterrupt:
        print(f"\nstopped by Ctrl-C; the same command goes on, with {options.out / 'sweep.csv'}")
        sys.exit(130)


def run(options):
    data = str(options.data.resolve()) if options.data else "drawn"
    data += MARK + fingerprint(load(data))  # what is wrong with the files is said at once
    wanted = [
        Setting(hidden, rate, options.iterations, options.seed, data)
        for hidden in options.hidden
        for rate in options.learning_rates
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "sweep.csv"
    done = read_rows(path)
    left = [setting for setting in wanted if setting not in done]
    if len(left) < len(wanted):
        print(f"{len(wanted) - len(left)} of {len(wanted)} settings are in {path} already")
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if not file.tell():
            writer.writeheader()
        for setting, row in train_all(left, options.workers):
            writer.writerow(row)
            file.flush()
            done[setting] = row
    rows = [done[setting] for setting in wanted]
    print(table(rows))
    print(f"written: {', '.join(map(str, [path, *plot(rows, options.out / 'sweep.png')]))}")


def read_options(arguments):
    """The command line, checked; what is wrong is said in one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.error = stop
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the four CSV files")
    parser.add_argument(
        "--hidden",
        type=hidden,
        nargs="+",
        default=["20,7,5", "20", "50,10", "100,20,5"],
        metavar="N,...",
        help="sizes of the layers between the images and the output",
    )
    parser.add_argument(
        "--learning-rates", type=rates, default=[0.003, 0.0075, 0.02], metavar="RATE,..."
    )
    parser.add_argument("--iterations", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first weights")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--out", type=Path, default=Path("sweep"), metavar="DIR")
    options = parser.parse_args(arguments)
    for name in ("iterations", "workers"):
        if getattr(options, name) < 1:
            stop(f"--{name} is at least 1, got {getattr(options, name)}")
    return options


def hidden(text):
    """Sizes in one way of writing, so that a setting is found again."""
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"expected sizes such as 20,7,5; got {text!r}")
    return ",".join(map(str, sizes))


def rates(text):
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [0.0]
    if not min(numbers) > 0:
        raise argparse.ArgumentTypeError(f"expected rates such as 0.003,0.0075; got {text!r}")
    return numbers


def stop(reason):
    sys.exit(f"sweep: {reason}")


@lru_cache(maxsize=1)
def load(data):
    import nn

    folder = data.partition(MARK)[0]
    return nn.datasets.drawn_cats() if folder == "drawn" else nn.datasets.load_cats(folder)


def fingerprint(cats):
    """Tells these images and labels from others that lie in the same folder another day."""
    return hashlib.sha256(b"".join(part.tobytes() for part in cats)).hexdigest()[:16]


def read_rows(path):
    """The rows that are there, by setting. A last line that was cut short is cut off."""
    if not path.exists():
        return {}
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1].decode()
    if whole.encode() != data:
        os.truncate(path, len(whole.encode()))  # the others stay, whatever happens meanwhile
        print(f"{path}: the last line was cut short; its setting is tried again")
    reader = csv.DictReader(whole.splitlines())
    if whole and tuple(reader.fieldnames or ()) != COLUMNS:
        raise ValueError(f"{path} has other columns than this sweep's; move it, or say --out")
    return {setting_of(row, path, reader.line_num): row for row in reader}


def setting_of(row, path, line):
    try:
        return Setting(
            row["hidden"],
            float(row["learning_rate"]),
            int(row["iterations"]),
            int(row["seed"]),
            row["data"],
        )
    except (TypeError, ValueError):
        raise ValueError(f"{path}, line {line}: expected {','.join(COLUMNS)}") from None


def train_all(settings, workers):
    """(setting, row) for each as it gets done."""
    try:
        from tqdm import tqdm
    except ImportError:
        stop(f"the progress bar needs tqdm: {EXTRAS}")
    if not settings:
        return
    for name in ("OPENBLAS", "MKL", "OMP"):  # one thread for each worker, who come one per core
        os.environ[f"{name}_NUM_THREADS"] = "1"
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_by_ctrl_c)
    try:
        running = {pool.submit(train, setting): setting for setting in settings}
        for future in tqdm(as_completed(running), total=len(running), unit="setting"):
            yield running[future], future.result()
    except BrokenProcessPool:  # by Ctrl-C, it may be, which is heard here a moment later
        time.sleep(1)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def end_by_ctrl_c():
    """At once and without a word, in a worker: what it was at is tried again anyway."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def train(setting):
    """One training; its row of sweep.csv."""
    import numpy as np

    import nn

    cats = load(setting.data)
    X, test_X = cats.train_images / 255, cats.test_images / 255
    layers = [X.shape[1], *map(int, setting.hidden.split(",")), 1]
    model = nn.CatClassifier(layers, rng=setting.seed)
    optimizer = nn.SGD(model.parameters(), lr=setting.learning_rate)
    quiet = {"optimizer": optimizer, "print_every": None, "progress": False}
    start = time.perf_counter()
    try:
        with np.errstate(all="ignore"):  # fit says it in its own words
            history = nn.fit(model, X, cats.train_labels, iterations=setting.iterations, **quiet)
    except FloatingPointError:  # the rate was too large
        return {**setting._asdict(), "cost": "nan"}
    every = max(1, setting.iterations // POINTS)
    return {
        **setting._asdict(),
        "train_accuracy": nn.accuracy(model, X, cats.train_labels),
        "test_accuracy": nn.accuracy(model, test_X, cats.test_labels),
        "cost": history.costs[-1],
        "seconds": round(time.perf_counter() - start, 3),
        "costs": " ".join(f"{i}:{cost:.6g}" for i, cost in history.every(every)),
    }


def table(rows):
    """The best on the test images first; who got nowhere last."""
    lines = [f"{'layers':>12} {'rate':>8} {'training':>9} {'test':>6} {'cost':>8} {'seconds':>8}"]
    for row in sorted(rows, key=lambda row: -float(row.get("test_accuracy") or 0)):
        start = f"{row['hidden']:>12} {float(row['learning_rate']):>8g}"
        if not row.get("test_accuracy"):
            lines.append(f"{start}  the cost grew beyond all numbers")
            continue
        train, test = float(row["train_accuracy"]), float(row["test_accuracy"])
        cost, seconds = float(row["cost"]), float(row["seconds"])
        lines.append(f"{start} {train:>9.3f} {test:>6.2f} {cost:>8.4f} {seconds:>8.1f}")
    return "\n".join(lines)


def plot(rows, path):
    """Costs over the iterations, and accuracies by setting: files."""
    try:
        import matplotlib
    except ImportError:
        print(f"sweep.png needs matplotlib: {EXTRAS}")
        return []
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = [row for row in rows if row.get("test_accuracy")]
    size = (12, max(4, 0.35 * len(rows) + 1.5))
    figure, (left, right) = plt.subplots(1, 2, figsize=size, layout="constrained")
    layers = list(dict.fromkeys(row["hidden"] for row in rows))
    rates = sorted({float(row["learning_rate"]) for row in rows})
    styles = ["-", "--", ":", "-."]
    names = []
    for row in rows:
        points = [point.split(":") for point in row["costs"].split()]
        rate = float(row["learning_rate"])
        names.append(f"{row['hidden']}  rate {rate:g}")
        left.plot(
            [int(i) for i, _ in points],
            [float(cost) for _, cost in points],
            color=f"C{layers.index(row['hidden'])}",
            linestyle=styles[rates.index(rate) % len(styles)],
            label=names[-1],
        )
    left.set(xlabel="iteration", ylabel="cost", title="cost over the training", ylim=(0, 1))
    left.legend(fontsize=7, framealpha=0.8, edgecolor="none")
    places = range(len(rows))
    train = [float(row["train_accuracy"]) for row in rows]
    test = [float(row["test_accuracy"]) for row in rows]
    right.hlines(places, test, train, color="#cbd5e1", zorder=1)
    right.scatter(train, places, label="training images", color="#94a3b8")
    right.scatter(test, places, label="test images", color="#c2410c")
    right.set_yticks(places, names, fontsize=8)
    right.set(xlabel="share predicted right", title="accuracy at the end")
    right.invert_yaxis()
    right.legend(fontsize=8, framealpha=0.8, edgecolor="none")
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return [path]


if __name__ == "__main__":
    main()
