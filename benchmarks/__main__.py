"""Measures microtensor beside those of its peers that are installed.

    python -m benchmarks                          everything, in about ten minutes
    python -m benchmarks --rows cat,mlp           some rows
    python -m benchmarks --peers torch,jax        some peers
    python -m benchmarks --quick                  tiny work, to see that all of it runs

It writes table.md, plot.png and turns.csv (every single turn) into --out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from . import machine, report, rows, timing

SECONDS = 0.15  # a turn's length
QUICK = "The work was tiny (--quick): the figures say nothing of real work, and aren't judged."
EXTRAS = "pip install -e '.[bench]'"


def main(arguments: Sequence[str] | None = None) -> None:
    options = read_options(arguments)
    try:
        measure(options)
    except (RuntimeError, ValueError, OSError) as error:
        stop(error)
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
        sys.exit(130)


def measure(options: argparse.Namespace) -> None:
    """Prints every row as it is measured, and at the end writes those that were finished."""
    try:
        from tqdm import tqdm
    except ImportError:
        stop(f"the progress bar needs tqdm: {EXTRAS}")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    about = machine.description()
    print(*about, sep="\n", flush=True)
    chosen = choose(options)
    seconds = 0.001 if options.quick else SECONDS
    rounds = [min(options.rounds, row.rounds or options.rounds) for row in chosen]
    done: list[timing.Row] = []
    try:
        with tqdm(total=sum(rounds), unit="round") as bar:
            for row, count in zip(chosen, rounds, strict=True):
                bar.set_description(row.title)
                timing.run(row, count, seconds, bar.update)
                tqdm.write(f"\n{report.times(row)}")
                done.append(row)
    finally:
        if done:
            write(done, [*about, QUICK] if options.quick else about, options)
            if options.quick:
                print(QUICK)


def write(done: list[timing.Row], about: list[str], options: argparse.Namespace) -> None:
    """The tables, the turns and the plot, into a folder; what was to be reached, on the screen."""
    out, judged = options.out, not options.quick
    out.mkdir(parents=True, exist_ok=True)
    (out / "table.md").write_text(report.markdown(done, about, judged), encoding="utf-8")
    report.write_turns(done, out / "turns.csv")
    written = ["table.md", "turns.csv"]
    try:
        report.plot(done, out / "plot.png")
        written.append("plot.png")
    except ImportError:
        print(f"plot.png needs matplotlib: {EXTRAS}")
    print(f"\n{report.goals(done, judged)}\n\nwritten: {', '.join(written)} in {out}")


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked; what is wrong is said in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.error = stop  # type: ignore[method-assign]
    parser.add_argument("--rows", type=names, metavar="NAME,...", help=", ".join(rows.NAMES))
    parser.add_argument(
        "--peers", type=names, metavar="NAME,...", help=f"{', '.join(rows.PEERS)}; or none"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="turns of everyone (15)")
    parser.add_argument("--quick", action="store_true", help="tiny work, worthless figures")
    parser.add_argument("--out", type=Path, default=Path("benchmark"), metavar="DIR")
    options = parser.parse_args(arguments)
    for given, known in ((options.rows, rows.NAMES), (options.peers, (*rows.PEERS, "none"))):
        for name in given or ():
            if name not in known:
                stop(f"there is no {name!r}; there are {', '.join(known)}")
    if options.rounds is None:
        options.rounds = 2 if options.quick else 15
    if options.rounds < 1:
        stop(f"--rounds is at least 1, got {options.rounds}")
    return options


def names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def stop(reason: object) -> None:
    sys.exit(f"benchmarks: {reason}")


def choose(options: argparse.Namespace) -> list[timing.Row]:
    """The rows asked for, with the peers asked for."""
    chosen = rows.all_rows(options.quick, options.rows or rows.NAMES)
    left_out = {
        contestant
        for peer, contestants in rows.PEERS.items()
        if options.peers is not None and peer not in options.peers
        for contestant in contestants
    }
    for row in chosen:
        row.contestants = {k: v for k, v in row.contestants.items() if k not in left_out}
    return chosen


if __name__ == "__main__":
    main()
