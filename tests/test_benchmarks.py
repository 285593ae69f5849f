"""The benchmark runs, in tiny sizes, and everyone in it computes the same numbers."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt
from benchmarks import __main__ as command
from benchmarks import machine, report, rows, single, timing
from benchmarks.timing import Contestant, Goal, Row

ROOT = Path(__file__).parent.parent


def contestants():
    """Every contestant that computes something, but for torch.compile, which takes a minute."""
    for row in rows.all_rows(True, rows.NAMES):
        if row.timed and row.tolerance < 1:
            for name, build in row.contestants.items():
                if name != rows.TORCH_COMPILED:
                    yield pytest.param(row, build, id=f"{row.title}: {name}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row, build", list(contestants()))
def test_all_compute_the_same(row, build):
    try:
        reference = next(iter(row.contestants.values()))()
        step, numbers, _ = build()
    except ImportError as error:
        pytest.skip(str(error))
    reference.step()
    step()
    if numbers is not None:
        for ours, theirs in zip(numbers(), reference.numbers(), strict=True):
            assert timing.differ(ours, theirs) <= row.tolerance


@pytest.mark.acceptance
def test_the_command_measures_every_row_and_writes_table_plot_and_turns(tmp_path):
    pytest.importorskip("tqdm", reason="the benchmark shows its progress with tqdm")
    out = tmp_path / "new" / "folder"
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--peers", "none", "--out", str(out)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    table = (out / "table.md").read_text()
    for row in rows.all_rows(True, rows.NAMES):
        assert (f"| {row.x:,} " if row.x else f"| {row.title}, {row.unit} |") in table
    left_out = {name for names in rows.PEERS.values() for name in names}
    unmeasured = [line for line in table.splitlines() if line.endswith("not measured |")]
    assert all(any(name in line for name in left_out) for line in unmeasured), unmeasured
    assert table.count(command.QUICK) == 1 and run.stdout.endswith(f"{command.QUICK}\n")
    assert table.count("| not judged |") >= 8
    assert "| met |" not in table and "**missed**" not in table
    assert "OPENBLAS_CORETYPE" in table
    assert "| reading the four CSV files: microtensor / np.loadtxt on open files |" in table
    turns = (out / "turns.csv").read_text().splitlines()
    assert turns[0] == "row,contestant,round,value,unit"
    assert sum(t.startswith('"scalar chain, 5 links",microtensor,0,') for t in turns) == 1


def test_the_command_says_what_is_wrong():
    for arguments, message in [
        (["--rows", "cats"], "benchmarks: there is no 'cats'; there are cat, mlp, "),
        (["--peers", "theano"], "benchmarks: there is no 'theano'; there are torch, "),
        (["--rounds", "0"], "benchmarks: --rounds is at least 1, got 0"),
        (["--slow"], "benchmarks: unrecognized arguments: --slow"),
    ]:
        with pytest.raises(SystemExit, match=message):
            command.main(arguments)


def test_a_fault_is_said_in_one_line(monkeypatch):
    def measure(options):
        raise ValueError("title: b is off")

    monkeypatch.setattr(command, "measure", measure)
    with pytest.raises(SystemExit, match="benchmarks: title: b is off"):
        command.main(["--quick"])


def test_ctrl_c_ends_it_and_keeps_the_rows_that_were_finished(monkeypatch, capsys, tmp_path):
    pytest.importorskip("tqdm", reason="the benchmark shows its progress with tqdm")
    run, started = timing.run, []

    def interrupted(row, *arguments):
        started.append(row.title)
        if len(started) == 3:
            raise KeyboardInterrupt
        run(row, *arguments)

    monkeypatch.setattr(timing, "run", interrupted)
    with pytest.raises(SystemExit) as stopped:
        command.main(
            ["--quick", "--peers", "none", "--rows", "size,doublings", "--out", str(tmp_path)]
        )
    assert stopped.value.code == 130
    said = capsys.readouterr().out
    assert said.endswith("stopped by Ctrl-C\n")
    assert f"in {tmp_path}" in said
    table = (tmp_path / "table.md").read_text()
    assert "| size, us an operation | 1 | 10 |" in table
    assert started[2] not in table


def test_micrograd_survives_the_longest_chain_it_is_given():
    (row,) = (r for r in rows.all_rows(False, ["chain"]) if rows.MICROGRAD in r.contestants)
    try:
        step, numbers, _ = row.contestants[rows.MICROGRAD]()
    except ImportError as error:
        pytest.skip(str(error))
    step()
    reference = row.contestants[rows.HAND]()
    reference.step()
    for ours, theirs in zip(numbers(), reference.numbers(), strict=True):
        assert timing.differ(ours, theirs) <= 1e-9


@pytest.mark.parametrize("load, warned", [(0.1, False), (1.1, True)])
def test_a_busy_machine_is_told(load, warned, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    said = "\n".join(machine.description())
    assert f"load before: {load:.2f}" in said
    assert ("OTHER WORK IS RUNNING" in said) == warned


def test_rows_and_peers_are_chosen():
    options = command.read_options(["--rows", "mlp, doublings", "--peers", "torch", "--quick"])
    chosen = command.choose(options)
    assert [row.name for row in chosen] == ["mlp", "doublings"]
    assert rows.TORCH in chosen[0].contestants
    assert rows.JAX not in chosen[0].contestants
    assert rows.HAND in chosen[0].contestants


# Contestants of its own: what they do, a worker process does too ---------------------------------


def giving(value):
    return Contestant(lambda: 0.0, lambda: [np.asarray(value)])


def missing():
    raise ImportError("No module named 'theano'")


def failing():
    def step():
        raise ZeroDivisionError("in its step")

    return Contestant(step, list)


def counting():
    turns = iter(range(100))
    return Contestant(lambda: next(turns), work=2)


def ran(by, rounds=3, **options):
    row = Row("name", "title", "unit", 10.0, by, timed=False, **options)
    timing.run(row, rounds, 0.0, lambda: None)
    return row


@pytest.mark.acceptance
def test_who_computes_something_else_is_refused():
    with pytest.raises(ValueError, match=r"title: b is off by 5\.0e-01 in its number 0"):
        ran({"a": partial(giving, [1.0, 2.0]), "b": partial(giving, [1.0, 3.0])})
    with pytest.raises(ValueError, match="title: b is off by inf"):
        ran({"a": partial(giving, [1.0, 2.0]), "b": partial(giving, 1.0)})


@pytest.mark.acceptance
def test_a_library_that_is_missing_is_noted():
    row = ran({"a": partial(giving, 1.0), "b": missing})
    assert row.notes == ["b: No module named 'theano'"]
    assert list(row.results) == ["a"]


@pytest.mark.acceptance
def test_a_contestant_that_fails_ends_the_benchmark():
    with pytest.raises(RuntimeError, match="title, b: ZeroDivisionError: in its step"):
        ran({"a": partial(giving, 1.0), "b": failing})


def test_what_a_step_measures_is_divided_by_its_work_and_scaled():
    assert ran({"a": counting}).results == {"a": [0.0, 5.0, 10.0]}


def test_ratios_are_taken_within_a_round():
    row = Row("name", "title", "ms", 1, {}, [Goal("a", "b", 2.0), Goal("a", None, 3)])
    assert row.ratios(row.goals[0]) == []
    row.results = {"a": [1.0, 4.0, 30.0], "b": [1.0, 2.0, 10.0]}
    assert row.ratios(row.goals[0]) == [1.0, 2.0, 3.0]
    table = report.goals([row]).splitlines()
    assert table[2:] == [
        "| title: a / b | 2 (1.5–2.5) | 2 | met |",
        "| title: a, ms | 4 (2.5–17) | 3 | **missed** |",
    ]
    assert [
        line.split(" | ")[-1] for line in report.goals([row], judged=False).splitlines()[2:]
    ] == [
        "not judged |",
        "not judged |",
    ]
    row.results = {}
    assert report.goals([row]).splitlines()[2] == "| title: a / b |  | 2 | not measured |"


def test_a_turn_is_the_median_of_its_steps():
    calls = []
    seconds = timing.turn(lambda: calls.append(None), 0.002)
    assert len(calls) > 10
    assert 0 < seconds < 0.002


# What can be counted, whatever the machine -------------------------------------------------------


def test_the_record_takes_at_most_half_the_bytes_it_may():
    assert 50 < single.bytes_an_operation(20_000).step() <= 250


def test_the_cat_steps_backward_needs_little_beside_what_it_must_hold():
    peak = single.backward_peak(dtype="float64", examples=209, dims=(12288, 20, 7, 5, 1)).step()
    assert 0.5 < peak <= 1.25


def test_every_derivative_is_taken_once_however_many_paths_there_are():
    taken = []
    twice = mt.primitive("twice", lambda x: x + x, lambda g, out, x: taken.append(x) or g + g)
    y = x = mt.Tensor(1.0, requires_grad=True)
    for _ in range(30):
        y = twice(y) + twice(y)
    y.backward()
    assert x.grad == 4.0**30
    assert len(taken) == 60


def test_a_soak_says_what_grew(monkeypatch, capsys):
    pytest.importorskip("tqdm", reason="the soak shows its progress with tqdm")
    from benchmarks import soak

    monkeypatch.setattr("sys.argv", ["soak", "--steps", "200"])
    with pytest.raises(SystemExit) as end:
        soak.main()
    assert not end.value.code
    assert capsys.readouterr().out.count("objects") == 2

    kept = []
    assert not soak.soak("hoarding", lambda: kept.append([]) or 0.0, 200)
