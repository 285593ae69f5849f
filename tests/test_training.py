"""fit, with its lines, bar, history, callbacks and Ctrl-C; predict and accuracy."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt
import nn

X = np.random.default_rng(0).normal(size=(8, 2))
Y = (X.sum(axis=1, keepdims=True) > 0).astype(int)
QUIET = {"print_every": None, "progress": False}


def new_model():
    return nn.Sequential(nn.Linear(2, 3, rng=1), nn.ReLU(), nn.Linear(3, 1, rng=2), nn.Sigmoid())


def bytes_of(model):
    return [array.tobytes() for array in model.state_dict().values()]


def lines_for(costs, iterations):
    return [f"cost after iteration {i}: {costs[i]}" for i in iterations]


@pytest.fixture
def usual_ctrl_c():
    """Ctrl-C as a program has it that was started in a terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(*_):
    signal.raise_signal(signal.SIGINT)


def press_at(*iterations):
    return lambda iteration, cost: press_ctrl_c() if iteration in iterations else None


# The numbers ------------------------------------------------------------------------------------


def test_fit_is_the_loop_that_one_would_write():
    model, other = new_model(), new_model()
    history = nn.fit(model, X, Y, iterations=5, **QUIET)
    optimizer, costs = nn.SGD(other.parameters(), lr=0.0075), []
    for _ in range(5):
        optimizer.zero_grad()
        cost = nn.BCELoss()(other(X), Y)
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
    assert history.costs == costs
    assert bytes_of(model) == bytes_of(other)


def test_logistic_regression_by_hand():
    model = nn.Sequential(nn.Linear(2, 1, rng=1), nn.Sigmoid())
    w, b = model[0].weight.numpy(), 0.0
    history = nn.fit(model, X, Y, iterations=10, optimizer=nn.SGD(model.parameters(), 0.5), **QUIET)
    for cost in history.costs:
        a = 1 / (1 + np.exp(-(X @ w.T + b)))
        expected = -np.mean(Y * np.log(a) + (1 - Y) * np.log(1 - a))
        np.testing.assert_allclose(cost, expected, rtol=1e-12)
        w, b = w - 0.5 * (a - Y).T @ X / len(X), b - 0.5 * np.mean(a - Y)
    np.testing.assert_allclose(model[0].weight.data, w, rtol=1e-12)
    np.testing.assert_allclose(model[0].bias.data, [b], rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets"),
    [
        (nn.MSELoss(), 1, Y),
        (nn.BCEWithLogitsLoss(), 1, Y),
        (nn.CrossEntropyLoss(), 3, np.arange(8) % 3),
        (lambda a, y: ((a - y) ** 2).sum(), 1, Y),
    ],
)
def test_any_loss_and_optimizer_will_do(loss, outputs, targets):
    model = nn.Linear(2, outputs, rng=0)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    costs = nn.fit(model, X, targets, iterations=30, optimizer=optimizer, loss=loss, **QUIET).costs
    assert costs[-1] < costs[0]


@pytest.mark.parametrize("kind", [mt.Tensor, np.array, lambda a: a.tolist()])
def test_inputs_may_be_tensors_arrays_or_lists(kind):
    expected = nn.fit(new_model(), X, Y, iterations=3, **QUIET).costs
    assert nn.fit(new_model(), kind(X), kind(Y), iterations=3, **QUIET).costs == expected


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled_training_is_the_same_to_the_last_bit(dtype):
    X = np.random.default_rng(0).uniform(size=(30, 12)).astype(dtype)
    Y = (X.mean(axis=1, keepdims=True) > 0.5).astype(int)
    models = [nn.CatClassifier((12, 5, 4, 1), rng=1, dtype=dtype) for _ in range(2)]
    histories = [
        nn.fit(
            model,
            X,
            Y,
            iterations=60,
            optimizer=nn.Adam(model.parameters(), lr=0.01),
            print_every=None,
            progress=False,
            compile=bool(k),
        )
        for k, model in enumerate(models)
    ]
    assert histories[0].costs == histories[1].costs
    assert type(histories[1].costs[0]) is float
    for p, q in zip(*(model.parameters() for model in models), strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_compiled_training_is_verified_whenever_it_prints(capsys):
    class Settings:
        scale = 1.0

    def train(change_at, **options):
        Settings.scale, model = 1.0, new_model()

        def loss(a, y):
            return nn.BCELoss()(a, y) * Settings.scale

        def change(iteration, cost):
            if iteration == change_at:
                Settings.scale = 2.0

        return nn.fit(
            model, X, Y, iterations=9, loss=loss, callbacks=[change], compile=True, progress=False,
            **options,
        )  # fmt: skip

    history = train(None, print_every=3)
    assert capsys.readouterr().out.splitlines() == lines_for(history.costs, [0, 3, 6, 8])
    with pytest.raises(mt.GradientError, match="another number for its value"):
        train(4, print_every=3)
    assert len(capsys.readouterr().out.splitlines()) == 2
    with pytest.raises(mt.GradientError, match="another number for its value"):
        train(7, print_every=3)
    assert len(train(4, print_every=None).costs) == 9


def test_verifying_changes_nothing():
    costs = [
        nn.fit(new_model(), X, Y, iterations=9, print_every=n, progress=False, compile=True).costs
        for n in (1, None)
    ]
    assert costs[0] == costs[1]


def test_looking_at_the_accuracy_meanwhile_does_not_slow_compiled_training():
    model = new_model()
    compiled = []
    step = mt.compile(lambda: model(X).sum())

    def look(iteration, cost):
        step()
        compiled.append(step.source)
        nn.accuracy(model, X, Y)

    nn.fit(model, X, Y, iterations=5, callbacks=[look], compile=True, **QUIET)
    assert all(source is compiled[0] for source in compiled)


@pytest.mark.parametrize("compile", [False, True])
def test_any_object_that_steps_and_forgets_gradients_is_an_optimizer(compile):
    class Halving:
        def __init__(self, parameters):
            self.parameters, self.lr = parameters, 0.5

        def zero_grad(self):
            for p in self.parameters:
                p.grad = None

        def step(self):
            for p in self.parameters:
                p.data -= self.lr * p.grad
            self.lr /= 2

    model = new_model()
    optimizer = Halving(model.parameters())
    nn.fit(model, X, Y, iterations=3, optimizer=optimizer, compile=compile, **QUIET)
    assert optimizer.lr == 0.0625
    other = new_model()
    optimizer = nn.SGD(other.parameters(), lr=1.0)
    for lr in (0.5, 0.25, 0.125):
        optimizer.lr = lr
        nn.fit(other, X, Y, iterations=1, optimizer=optimizer, **QUIET)
    assert bytes_of(model) == bytes_of(other)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (nn.SGD, "optimizer is an Optimizer object, got SGD"),
        ([nn.Parameter(1.0)], "a list has no zero_grad()"),
        (0.01, "a float has no zero_grad()"),
        (nn.Linear(1, 1, rng=0), "a Linear has no step()"),
        (type("Stepping", (), {"step": print})(), "a Stepping has no zero_grad()"),
    ],
)
def test_what_is_no_optimizer_is_refused_by_what_it_lacks(optimizer, text):
    if "has no" in text:
        text = "an optimizer has zero_grad() and step(), as nn.SGD(model.parameters()) has; " + text
    with pytest.raises(TypeError) as caught:
        nn.fit(new_model(), X, Y, optimizer=optimizer, **QUIET)
    assert str(caught.value) == f"fit: {text}"


def test_fit_trains_in_training_mode():
    model = nn.Sequential(new_model(), nn.Dropout(0.0))
    model.eval()
    modes = []

    def watch(iteration, cost):
        modes.append([module.training for _, module in model.named_modules()])

    nn.fit(model, X, Y, iterations=1, callbacks=[watch], **QUIET)
    assert all(modes[0])


def test_no_iterations_change_nothing(capsys):
    model = new_model()
    before = bytes_of(model)
    assert nn.fit(model, X, Y, iterations=0, progress=False).costs == []
    assert bytes_of(model) == before
    assert capsys.readouterr().out == ""


def test_numpys_whole_numbers_count_too():
    assert len(nn.fit(new_model(), X, Y, iterations=np.int64(2), **QUIET).costs) == 2


# Lines, bar and history -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("iterations", "every", "shown"),
    [
        (7, 3, [0, 3, 6]),
        (8, 3, [0, 3, 6, 7]),
        (3, 1, [0, 1, 2]),
        (3, 100, [0, 2]),
        (1, 100, [0]),
        (3, None, []),
    ],
)
def test_a_cost_line_every_so_often_and_at_the_last(capsys, iterations, every, shown):
    history = nn.fit(new_model(), X, Y, iterations=iterations, print_every=every, progress=False)
    out, err = capsys.readouterr()
    assert out.splitlines() == lines_for(history.costs, shown)
    assert err == ""


def test_every_hundredth_is_the_default(capsys):
    history = nn.fit(new_model(), X, Y, iterations=250, progress=False)
    assert capsys.readouterr().out.splitlines() == lines_for(history.costs, [0, 100, 200, 249])


def test_the_history_gives_what_was_printed():
    history = nn.fit(new_model(), X, Y, iterations=8, **QUIET)
    assert history.every(3) == [(i, history.costs[i]) for i in (0, 3, 6, 7)]
    assert nn.History().every(3) == []
    assert not history.interrupted


@pytest.mark.parametrize("n", [0, -1, "3"])
def test_a_history_every_so_many_refuses_less_than_1(n):
    with pytest.raises((ValueError, TypeError), match=r"every"):
        nn.History([1.0, 2.0]).every(n)


def test_a_history_is_short_to_look_at():
    assert repr(nn.History()) == "History(0 iterations)"
    assert repr(nn.History([0.5, 0.25])) == "History(2 iterations, last cost 0.25)"


def test_costs_are_plain_floats():
    assert {type(cost) for cost in nn.fit(new_model(), X, Y, iterations=2, **QUIET).costs} == {
        float
    }


@pytest.mark.parametrize(
    "make", [lambda ps: nn.SGD(ps, 0.1, momentum=0.9), lambda ps: nn.Adam(ps, 0.01), None]
)
def test_a_history_gone_on_with_is_one_long_run(make):
    def train(model, *parts):
        optimizer = make(model.parameters()) if make else None
        history = None
        for iterations in parts:
            history = nn.fit(
                model, X, Y, iterations=iterations, optimizer=optimizer, history=history, **QUIET
            )
        return history

    model, other = new_model(), new_model()
    assert train(model, 4, 6).costs == train(other, 10).costs
    assert bytes_of(model) == bytes_of(other)


def test_iterations_are_counted_on(capsys):
    model, seen = new_model(), []
    history = nn.fit(model, X, Y, iterations=4, **QUIET)
    same = nn.fit(
        model, X, Y, iterations=3, history=history, print_every=5, progress=False,
        callbacks=[lambda iteration, cost: seen.append(iteration)],
    )  # fmt: skip
    assert same is history
    assert seen == [4, 5, 6]
    assert capsys.readouterr().out.splitlines() == lines_for(history.costs, [5, 6])


def test_the_bar_is_on_stderr_and_the_lines_on_stdout(capsys):
    pytest.importorskip("tqdm", reason="shows a progress bar")
    history = nn.fit(new_model(), X, Y, iterations=4, print_every=2)
    out, err = capsys.readouterr()
    assert out.splitlines() == lines_for(history.costs, [0, 2, 3])
    assert "training" in err
    assert "100%" in err
    assert "4/4" in err


def test_the_bar_goes_on_with_the_history(capsys):
    pytest.importorskip("tqdm", reason="shows a progress bar")
    model = new_model()
    history = nn.fit(model, X, Y, iterations=3, **QUIET)
    nn.fit(model, X, Y, iterations=2, history=history, print_every=None)
    assert "5/5" in capsys.readouterr().err


def test_lines_and_bar_share_a_terminal_without_mixing():
    pytest.importorskip("tqdm", reason="shows a progress bar")
    terminal = io.StringIO()
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
        history = nn.fit(new_model(), X, Y, iterations=3, print_every=1)
    for line in lines_for(history.costs, [0, 1, 2]):
        assert f"\r{line}\n" in terminal.getvalue()


def test_without_a_bar_there_is_no_bar(capsys):
    nn.fit(new_model(), X, Y, iterations=2, progress=False)
    assert capsys.readouterr().err == ""


def test_where_tqdm_is_missing_there_are_only_the_lines(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    history = nn.fit(new_model(), X, Y, iterations=3, print_every=2)
    out, err = capsys.readouterr()
    assert out.splitlines() == lines_for(history.costs, [0, 2])
    assert err == ""


def test_importing_nn_loads_no_bar():
    code = "import sys, nn; print('tqdm' in sys.modules)"
    root = Path(nn.__file__).parents[1]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert result.stdout.strip() == "False"


# Callbacks --------------------------------------------------------------------------------------


def test_callbacks_get_iteration_and_cost_after_the_update():
    model, calls = new_model(), []

    def one(*call):
        calls.append(("one", *call, model[0].weight.data.tobytes()))

    def two(*call):
        calls.append(("two", *call))

    before = model[0].weight.data.tobytes()
    costs = nn.fit(model, X, Y, iterations=2, callbacks=(f for f in [one, two]), **QUIET).costs
    assert [call[:3] for call in calls] == [
        ("one", 0, costs[0]), ("two", 0, costs[0]), ("one", 1, costs[1]), ("two", 1, costs[1]),
    ]  # fmt: skip
    assert calls[0][3] != before
    assert calls[2][3] == model[0].weight.data.tobytes()


@pytest.mark.parametrize("stop", [nn.Stop, nn.Stop("far enough")])
@pytest.mark.parametrize("compile", [False, True])
def test_stop_ends_the_training_and_keeps_everything(capsys, stop, compile):
    seen = []

    def end(iteration, cost):
        if iteration == 2:
            raise stop

    def watch(iteration, cost):
        seen.append(iteration)

    model, other = new_model(), new_model()
    history = nn.fit(
        model, X, Y, iterations=9, callbacks=[end, watch], progress=False, compile=compile
    )
    assert len(history.costs) == 3
    assert seen == [0, 1, 2]
    assert not history.interrupted
    assert capsys.readouterr().out.splitlines() == lines_for(history.costs, [0, 2])
    assert nn.fit(other, X, Y, iterations=3, **QUIET).costs == history.costs
    assert bytes_of(other) == bytes_of(model)
    nn.fit(model, X, Y, iterations=2, history=history, **QUIET)
    nn.fit(other, X, Y, iterations=2, **QUIET)
    assert bytes_of(other) == bytes_of(model)


def test_stop_leaves_a_bar_that_is_closed_and_the_checkpoints_of_others(capsys, tmp_path):
    pytest.importorskip("tqdm", reason="shows a progress bar")
    model, history = new_model(), nn.History()

    def end(iteration, cost):
        raise nn.Stop

    def keep(iteration, cost):
        nn.save(tmp_path / "m.npz", model, history=history)

    nn.fit(model, X, Y, iterations=4, history=history, callbacks=[end, keep], print_every=None)
    err = capsys.readouterr().err
    assert "1/4" in err
    assert err.endswith("\n")
    other = new_model()
    assert nn.load(tmp_path / "m.npz", other).costs == history.costs
    assert bytes_of(other) == bytes_of(model)


def test_stop_is_an_exception_and_comes_through_from_elsewhere():
    assert issubclass(nn.Stop, Exception)

    def loss(a, y):
        raise nn.Stop

    with pytest.raises(nn.Stop):
        nn.fit(new_model(), X, Y, loss=loss, **QUIET)


@pytest.mark.parametrize("answer", [None, False, 0, "no", True, np.True_, 1.0, StopIteration])
def test_what_a_callback_returns_means_nothing(answer):
    history = nn.fit(new_model(), X, Y, iterations=3, callbacks=[lambda *_: answer], **QUIET)
    assert len(history.costs) == 3


def test_a_bar_of_ones_own_counts_every_iteration():
    tqdm = pytest.importorskip("tqdm", reason="a progress bar's update returns True")
    with tqdm.tqdm(total=4, mininterval=0, file=io.StringIO()) as bar:
        bar.update = lambda n: True  # as it does whenever it has drawn itself
        nn.fit(new_model(), X, Y, iterations=4, callbacks=[lambda *_: bar.update(1)], **QUIET)
    history = nn.fit(
        new_model(), X, Y, iterations=4,
        callbacks=[lambda *_: nn.accuracy(Outputs([[0.7]]), X, [[1]])], **QUIET,
    )  # fmt: skip
    assert len(history.costs) == 4


def test_an_error_in_a_callback_comes_through(usual_ctrl_c):
    def broken(iteration, cost):
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        nn.fit(new_model(), X, Y, callbacks=[broken], **QUIET)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# A cost that isn't finite -----------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_cost_that_is_not_finite_ends_it_before_the_update(bad):
    model, history = new_model(), nn.History()
    kept = []

    def loss(a, y):
        if len(history.costs) == 3:
            kept.extend(bytes_of(model))
        return nn.MSELoss()(a, y) * (bad if len(history.costs) == 3 else 1)

    with pytest.raises(FloatingPointError) as caught:
        nn.fit(model, X, Y, loss=loss, history=history, **QUIET)
    assert str(caught.value) == (
        f"fit: the cost is {bad} at iteration 3; try a smaller learning rate, or "
        "detect_anomaly() to see where it arises"
    )
    assert len(history.costs) == 3
    assert bytes_of(model) == kept


def test_a_learning_rate_too_large_is_noticed():
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.SGD(model.parameters(), lr=1e200)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="smaller learning"):
        nn.fit(model, X, Y, optimizer=optimizer, loss=nn.MSELoss(), **QUIET)
    assert all(np.isfinite(p.data).all() for p in model.parameters())


SPOILT = X.copy()
SPOILT[2, 1] = np.nan


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize(
    ("inputs", "targets", "said"),
    [
        (SPOILT, Y, "X holds nan at [2, 1]"),
        (mt.Tensor(SPOILT), Y, "X holds nan at [2, 1]"),
        (np.where(np.isnan(SPOILT), -np.inf, SPOILT), Y, "X holds -inf at [2, 1]"),
        (X, np.where(np.arange(8)[:, None] == 3, np.nan, Y), "Y holds nan at [3, 0]"),
        (X * 1e4, Y, "the inputs go up to {0:g}; scale them, as pictures by X / 255"),
    ],
)
def test_data_that_no_training_can_take_is_named(compile, inputs, targets, said):
    class Log(nn.Module):
        def forward(self, a, y):
            return (-y * mt.log(a) - (1 - y) * mt.log(1 - a)).mean()

    model = new_model()
    before = bytes_of(model)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        nn.fit(model, inputs, targets, loss=Log(), compile=compile, **QUIET)
    value = str(caught.value).split()[4]
    largest = np.abs(np.asarray(inputs)).max()
    assert str(caught.value) == f"fit: the cost is {value} at iteration 0; {said.format(largest)}"
    assert bytes_of(model) == before


def test_a_parameter_that_is_spoilt_already_is_named():
    model = new_model()
    model[2].bias.data = [np.nan]
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        nn.fit(model, X, Y, loss=nn.MSELoss(), optimizer=nn.SGD(model.parameters()), **QUIET)
    assert str(caught.value).endswith("; layers.2.bias holds nan at [0]")


def test_a_parameter_that_a_step_has_spoilt_is_laid_to_the_rate():
    model = nn.Linear(2, 1, rng=0)
    optimizer = nn.SGD(model.parameters(), lr=1e308)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        nn.fit(
            model, X * 20, Y * 1e3, loss=lambda a, y: (a - y).sum(), optimizer=optimizer, **QUIET
        )
    assert "weight holds " in str(caught.value)
    assert str(caught.value).endswith("; try a smaller learning rate")


def test_before_any_update_no_learning_rate_is_blamed():
    model = nn.Linear(2, 1, rng=0)
    history = nn.fit(model, X, Y, iterations=1, loss=nn.MSELoss(), **QUIET)

    def loss(a, y):
        return mt.log(a - a).mean()

    for k in (0, 1):
        with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
            nn.fit(model, X, Y, loss=loss, history=history if k else None, **QUIET)
        assert str(caught.value) == (
            f"fit: the cost is -inf at iteration {k}; nothing was updated yet: use "
            "detect_anomaly() to see where it arises"
        )


@pytest.mark.parametrize("compile", [False, True])
def test_outputs_that_are_no_probabilities_are_named_by_the_loss(compile):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"^BCELoss: .*nn\.Sigmoid\(\)"):
        nn.fit(nn.Linear(2, 1, rng=0), X, Y, compile=compile, **QUIET)


@pytest.mark.parametrize("nothing", [np.zeros((0, 2)), [], mt.Tensor(np.zeros((0, 2)))])
def test_a_training_on_nothing_is_refused(nothing):
    with pytest.raises(ValueError, match=r"^fit: there are no examples: the inputs have shape \(0"):
        nn.fit(new_model(), nothing, np.zeros((0, 1)), **QUIET)


class Frame:
    """As pandas and Polars have them: a shape, and an array for who asks."""

    def __init__(self, array):
        self.array = np.asarray(array)
        self.shape = self.array.shape

    def __len__(self):
        return len(self.array)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


@pytest.mark.parametrize("kind", [Frame, lambda a: np.asarray(a).tolist()])
@pytest.mark.parametrize("compile", [False, True])
def test_frames_and_lists_become_arrays_at_the_door(kind, compile):
    model, other = new_model(), new_model()
    expected = nn.fit(other, X, Y, iterations=3, **QUIET).costs
    found = nn.fit(model, kind(X), kind(Y), iterations=3, compile=compile, **QUIET)
    assert found.costs == expected
    assert nn.predict(model, kind(X)).tolist() == nn.predict(other, X).tolist()
    assert nn.accuracy(model, kind(X), kind(Y)) == nn.accuracy(other, X, Y)
    assert model(kind(X)).tolist() == other(X).tolist()
    assert nn.BCELoss()(model(kind(X)), kind(Y)).item() == nn.BCELoss()(other(X), Y).item()


def test_frames_of_pandas_and_polars():
    pandas = pytest.importorskip("pandas", reason="takes frames of pandas")
    for frame in (pandas.DataFrame(X), pandas.DataFrame(X).astype(np.float32)):
        assert nn.predict(new_model(), frame).shape == (8, 1)
        nn.fit(new_model(), frame, pandas.DataFrame(Y), iterations=1, **QUIET)


@pytest.mark.parametrize(
    ("theirs", "value", "said"),
    [
        ("epochs", 3, "fit: epochs= is called iterations= here, and counts updates, of which an "),
        ("validation_data", (X, Y), "fit: validation_data= is called validation= here$"),
        ("criterion", nn.BCELoss(), "fit: criterion= is called loss= here"),
        ("verbose", 3, "unexpected keyword argument 'verbose'"),
    ],
)
def test_arguments_of_other_libraries_are_named(theirs, value, said):
    with pytest.raises(TypeError, match=said):
        nn.fit(new_model(), X, Y, **{theirs: value})


# Batches ----------------------------------------------------------------------------------------

MANY = np.arange(22.0).reshape(11, 2)
LABELS = np.arange(11)


@pytest.mark.parametrize("kind", [np.asarray, mt.Tensor, lambda a: a.tolist()])
@pytest.mark.parametrize(("size", "sizes"), [(4, [4, 4, 3]), (1, [1] * 11), (11, [11]), (50, [11])])
def test_batches_take_every_example_once_beside_its_target(kind, size, sizes):
    found = list(nn.batches(kind(MANY), kind(LABELS), size, rng=0))
    assert [len(x) for x, _ in found] == [len(y) for _, y in found] == sizes
    rows = np.concatenate([np.asarray(y.data if isinstance(y, mt.Tensor) else y) for _, y in found])
    assert sorted(rows.tolist()) == LABELS.tolist()
    taken = np.concatenate([x.data if isinstance(x, mt.Tensor) else x for x, _ in found])
    np.testing.assert_array_equal(taken, MANY[rows])


def orders(rng, times=2):
    return [np.concatenate([y for _, y in nn.batches(MANY, LABELS, 4, rng)]) for _ in range(times)]


def test_batches_come_in_an_order_of_the_generator():
    (a, b), (c, d) = orders(np.random.default_rng(3)), orders(np.random.default_rng(3))
    assert (a.tolist(), b.tolist()) == (c.tolist(), d.tolist())
    assert a.tolist() != b.tolist()
    a, b = orders(3)
    assert a.tolist() == b.tolist()
    assert len({str(order) for order in orders(None, 5)}) > 1
    with nn.seed(0):
        first = orders(None)
    with nn.seed(0):
        np.testing.assert_array_equal(orders(None), first)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((MANY, LABELS[1:], 4), mt.ShapeError, r"^batches: \(11, 2\) inputs and \(10,\) targets"),
        ((MANY[:0], LABELS[:0], 4), ValueError, "^batches: there are no examples"),
        ((MANY, LABELS, 0), ValueError, "^batches: size is a whole number of at least 1, got 0"),
        ((MANY, LABELS, 2.0), ValueError, "^batches: size is a whole number"),
        ((3.0, 4.0, 2), mt.ShapeError, "^batches: expected examples along the first axis"),
        ((MANY, LABELS, 2, "x"), TypeError, "^rng: expected an int"),
    ],
)
def test_batches_refuse_at_once(arguments, error, said):
    with pytest.raises(error, match=said):
        nn.batches(*arguments)


class Watching(nn.Module):
    """Keeps what it is given in training."""

    def __init__(self):
        self.layer = nn.Linear(2, 1, rng=0)
        self.seen = []

    def forward(self, x):
        if self.training:
            self.seen.append(x[:, 0].tolist())
        return self.layer(x)


def watch(parts, **options):
    model, history = Watching(), None
    optimizer = nn.Adam(model.parameters())
    for iterations in parts:
        history = nn.fit(
            model, MANY, LABELS[:, None], iterations=iterations, optimizer=optimizer,
            history=history, loss=nn.MSELoss(), **QUIET | options,
        )  # fmt: skip
    return list(model.seen), history.costs


def flat(lists):
    return [x for one in lists for x in one]


def test_fit_takes_every_example_once_an_epoch():
    seen, _ = watch([6], batch_size=4)
    assert [len(x) for x in seen] == [4, 4, 3] * 2
    for epoch in (seen[:3], seen[3:]):
        assert sorted(flat(epoch)) == MANY[:, 0].tolist()
    assert flat(seen[:3]) != flat(seen[3:]) != MANY[:, 0].tolist()
    assert watch([6], batch_size=4) == watch([6], batch_size=4, rng=0)
    assert watch([6], batch_size=4)[0] != watch([6], batch_size=4, rng=1)[0]


@pytest.mark.parametrize("parts", [[3, 4], [1, 1, 5], [7]])
def test_batches_go_on_where_a_history_ends(parts):
    assert watch(parts, batch_size=4) == watch([7], batch_size=4)
    assert watch(parts, batch_size=4, rng=5) == watch([7], batch_size=4, rng=5)


def test_a_batch_of_all_is_all():
    for size in (11, 12):
        seen, _ = watch([2], batch_size=size)
        assert [sorted(x) for x in seen] == [MANY[:, 0].tolist()] * 2


def test_fit_with_a_generator_draws_from_it():
    one, other = (watch([6], batch_size=4, rng=np.random.default_rng(2))[0] for _ in range(2))
    assert one == other
    assert flat(one[:3]) != flat(one[3:])


def test_compiled_batches_are_the_same_to_the_last_bit():
    def train(**options):
        model = new_model()
        nn.fit(
            model, X, Y, iterations=20, batch_size=3, validation=(X, Y), print_every=5,
            progress=False, **options,
        )  # fmt: skip
        return bytes_of(model)

    assert train(compile=True) == train()


# Validation -------------------------------------------------------------------------------------


def test_the_validation_cost_is_that_of_others_after_each_epoch(capsys):
    model = nn.Sequential(nn.Linear(2, 4, rng=1), nn.Dropout(0.5, rng=2), nn.Linear(4, 1, rng=3))
    loss, others, seen = nn.MSELoss(), (X[:3] + 1, Y[:3]), []

    def look(iteration, cost):
        model.eval()
        seen.append((iteration, loss(model(others[0]), others[1]).item()))
        model.train()

    history = nn.fit(
        model, X, Y, iterations=7, loss=loss, batch_size=3, validation=others, print_every=4,
        progress=False, callbacks=[look],
    )  # fmt: skip
    assert history.validation == [seen[2], seen[5]]
    assert type(history.validation[0][1]) is float
    assert capsys.readouterr().out.splitlines() == [
        f"cost after iteration 0: {history.costs[0]}",
        f"cost after iteration 4: {history.costs[4]}, validation {seen[2][1]}",
        f"cost after iteration 6: {history.costs[6]}, validation {seen[5][1]}",
    ]
    assert model[1].training


def test_without_batches_every_iteration_is_an_epoch():
    history = nn.fit(new_model(), X, Y, iterations=3, validation=(X.tolist(), Y), **QUIET)
    assert [iteration for iteration, _ in history.validation] == [0, 1, 2]
    assert [cost for _, cost in history.validation][:2] == history.costs[1:]


def test_validation_changes_nothing_of_the_training():
    one, other = new_model(), new_model()
    nn.fit(one, X, Y, iterations=5, **QUIET)
    nn.fit(other, X, Y, iterations=5, validation=(X, Y), **QUIET)
    assert bytes_of(one) == bytes_of(other)


def test_the_bar_has_the_validation_cost(capsys):
    pytest.importorskip("tqdm", reason="shows a progress bar")
    history = nn.fit(new_model(), X, Y, iterations=2, validation=(X, Y), print_every=None)
    assert f"validation {history.validation[-1][1]:.4g}" in capsys.readouterr().err


class Drifting(nn.Optimizer):
    """Goes on by 1, whatever the gradient."""

    def update(self, k, g):
        return np.full_like(g, -1.0)


class Constant(nn.Module):
    def __init__(self):
        self.value = nn.Parameter([0.0])

    def forward(self, x):
        return self.value * np.ones_like(x)


def drift(capsys, target=3.0, **options):
    model, ones = Constant(), np.ones((2, 1))
    history = nn.fit(
        model, ones, ones * 100, iterations=50, optimizer=Drifting(model.parameters(), 1.0),
        loss=nn.MSELoss(), validation=(ones, ones * target), progress=False, **options,
    )  # fmt: skip
    return model.value.item(), len(history.costs), history, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_patience_ends_at_the_lowest_and_puts_it_back(capsys, patience):
    value, iterations, history, lines = drift(capsys, patience=patience)
    assert (value, iterations) == (3.0, 3 + patience)
    assert min(history.validation, key=lambda pair: pair[1]) == (2, 0.0)
    assert lines[-1] == "stopped: the lowest validation cost, 0.0, was after iteration 2"
    assert not history.interrupted
    assert drift(capsys, patience=patience, print_every=None)[3] == []


def test_patience_that_lasts_leaves_what_was_learnt(capsys):
    value, iterations, _, lines = drift(capsys, target=49.0, patience=5)
    assert (value, iterations) == (50.0, 50)
    assert not lines[-1].startswith("stopped")


def test_a_validation_cost_that_is_no_number_ends_too(capsys):
    _, iterations, _, lines = drift(capsys, target=float("nan"), patience=3)
    assert iterations == 3
    assert lines[-1] == "stopped: the validation cost was never a number"


def test_validation_costs_come_back_from_a_checkpoint(tmp_path):
    model = new_model()
    history = nn.fit(model, X, Y, iterations=4, batch_size=4, validation=(X, Y), **QUIET)
    nn.save(tmp_path / "m.npz", model, history=history)
    found = nn.load(tmp_path / "m.npz", model)
    assert found.validation == history.validation != []
    assert [type(x) for x in found.validation[0]] == [int, float]


# Ctrl-C -----------------------------------------------------------------------------------------


def test_ctrl_c_ends_after_the_update_and_keeps_what_was_learnt(capsys, usual_ctrl_c):
    model, other = new_model(), new_model()
    history = nn.fit(model, X, Y, callbacks=[press_at(3)], progress=False)
    assert history.interrupted
    assert len(history.costs) == 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capsys.readouterr().out.splitlines() == [
        *lines_for(history.costs, [0, 3]),
        "stopped by Ctrl-C after iteration 3; what was learnt is kept",
    ]
    assert nn.fit(other, X, Y, iterations=4, **QUIET).costs == history.costs
    assert bytes_of(other) == bytes_of(model)


def test_ctrl_c_within_an_iteration_lets_it_finish(usual_ctrl_c):
    def loss(a, y):
        press_ctrl_c()
        return nn.BCELoss()(a, y)

    model, other = new_model(), new_model()
    history = nn.fit(model, X, Y, loss=loss, **QUIET)
    assert history.interrupted
    assert len(history.costs) == 1
    nn.fit(other, X, Y, iterations=1, **QUIET)
    assert bytes_of(model) == bytes_of(other)


def test_training_goes_on_after_ctrl_c(usual_ctrl_c):
    model, other = new_model(), new_model()
    history = nn.fit(model, X, Y, iterations=10, callbacks=[press_at(3)], **QUIET)
    nn.fit(model, X, Y, iterations=6, history=history, **QUIET)
    assert not history.interrupted
    assert history.costs == nn.fit(other, X, Y, iterations=10, **QUIET).costs
    assert bytes_of(model) == bytes_of(other)


def test_a_second_ctrl_c_interrupts_at_once(usual_ctrl_c):
    def twice(iteration, cost):
        press_ctrl_c()
        press_ctrl_c()

    history = nn.History()
    with pytest.raises(KeyboardInterrupt):
        nn.fit(new_model(), X, Y, history=history, callbacks=[twice], **QUIET)
    assert len(history.costs) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_while_the_last_line_is_printed_is_not_lost(usual_ctrl_c):
    class Pressing(io.StringIO):
        def write(self, text):
            if "iteration 2" in text:
                press_ctrl_c()
            return super().write(text)

    history, interrupted = nn.History(), False
    with contextlib.redirect_stdout(Pressing()):
        try:
            nn.fit(new_model(), X, Y, iterations=3, history=history, progress=False)
        except KeyboardInterrupt:
            interrupted = True
    assert len(history.costs) == 3
    assert history.interrupted or interrupted


def test_a_programs_own_handler_stays(usual_ctrl_c):
    pressed = []

    def handler(*_):
        pressed.append(True)

    signal.signal(signal.SIGINT, handler)
    history = nn.fit(new_model(), X, Y, iterations=3, callbacks=[press_at(1)], **QUIET)
    assert pressed == [True]
    assert len(history.costs) == 3
    assert not history.interrupted
    assert signal.getsignal(signal.SIGINT) is handler


def test_fit_works_in_a_thread(usual_ctrl_c):
    results = []

    def train():
        results.append(nn.fit(new_model(), X, Y, iterations=5, **QUIET).costs)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert results == [nn.fit(new_model(), X, Y, iterations=5, **QUIET).costs]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


PROGRAM = """
import signal
import numpy as np
import nn

signal.signal(signal.SIGINT, signal.default_int_handler)

def model():
    return nn.Sequential(nn.Linear(2, 1, rng=1), nn.Sigmoid())

def values(model):
    return [array.tobytes() for array in model.state_dict().values()]

X, Y, stopped, again = np.eye(2), np.eye(2)[:, :1], model(), model()
history = nn.fit(stopped, X, Y, iterations=10**9, progress=False,
                 callbacks=[lambda i, cost: i == 0 and print("started", flush=True)])
nn.fit(again, X, Y, iterations=len(history.costs), print_every=None, progress=False)
print(history.interrupted, values(stopped) == values(again))
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to another process")
def test_ctrl_c_from_outside_ends_a_program_cleanly():
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=Path(nn.__file__).parents[1],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while "started" not in program.stdout.readline():
        assert program.poll() is None
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=60)
    *_, stopped, result = out.splitlines()
    assert stopped.startswith("stopped by Ctrl-C after iteration ")
    assert result == "True True"
    assert err == ""
    assert program.returncode == 0


# What fit refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        *(({"iterations": n}, "iterations") for n in (-1, 2.0, "10", None, True)),
        *(({"print_every": n}, "print_every") for n in (0, -5, 2.5, float("nan"), "100")),
        ({"callbacks": print}, "callbacks"),
        ({"callbacks": [3]}, "callbacks"),
        ({"optimizer": nn.SGD}, "optimizer"),
        ({"loss": nn.BCELoss}, "loss"),
        ({"history": [0.5]}, "history"),
        *(({"batch_size": n}, "batch_size") for n in (0, -5, 2.5, "3", True)),
        *(({"patience": n, "validation": (X, Y)}, "patience") for n in (0, -1, 2.5)),
        ({"patience": 3}, "patience is with the cost of validation=(X, Y)"),
        ({"validation": X}, "validation is a pair (X, Y), inputs and targets"),
        ({"validation": (X, Y, Y)}, "validation is a pair (X, Y), inputs and targets"),
        ({"validation": (X, Y[1:])}, "(8, 2) inputs and (7, 1) targets differ in number"),
        ({"validation": (X[:0], Y[:0])}, "there are no examples"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(options, text):
    model = new_model()
    before = bytes_of(model)
    with pytest.raises((ValueError, TypeError)) as caught:
        nn.fit(model, X, Y, **{"iterations": 1, "progress": False} | options)
    assert str(caught.value).startswith("fit: ")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert bytes_of(model) == before


@pytest.mark.parametrize("wrong", [3, nn.Linear, lambda x: x])
def test_what_is_no_model_is_refused(wrong):
    with pytest.raises(TypeError, match=r"^fit: .*model"):
        nn.fit(wrong, X, Y, **QUIET)
    with pytest.raises(TypeError, match=r"^predict: .*model"):
        nn.predict(wrong, X)


@pytest.mark.parametrize("targets", [Y[:5], np.ones((9, 1)), 1.0])
def test_other_numbers_of_inputs_and_targets_are_refused(targets):
    with pytest.raises(mt.ShapeError) as caught:
        nn.fit(new_model(), X, targets, **QUIET)
    assert str(caught.value) == (
        f"fit: (8, 2) inputs and {np.shape(targets)} targets differ in number"
    )


def test_a_flat_row_of_targets_is_refused():
    with pytest.raises(mt.ShapeError, match=r"^BCELoss: .*\(8, 1\) and targets \(8,\)"):
        nn.fit(new_model(), X, Y[:, 0], **QUIET)


def test_an_optimizer_of_other_parameters_is_noticed():
    optimizer = nn.SGD(new_model().parameters())
    model = new_model()
    for other in (optimizer, nn.Adam([mt.Tensor(1.0, requires_grad=True)])):
        with pytest.raises(
            ValueError, match="changes no parameter of this model; make it of model"
        ):
            nn.fit(model, X, Y, optimizer=other, **QUIET)
    part = nn.SGD(model[0].parameters())
    nn.fit(model, X, Y, iterations=1, optimizer=part, **QUIET)


def test_an_optimizer_of_the_losss_parameters_alone_will_do():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(1.0)

        def forward(self, a, y):
            return ((a * self.scale - y) ** 2).mean()

    loss = Scaled()
    optimizer = nn.SGD(loss.parameters())
    assert nn.fit(new_model(), X, Y, iterations=2, loss=loss, optimizer=optimizer, **QUIET).costs


# predict and accuracy ---------------------------------------------------------------------------


class Outputs(nn.Module):
    """A model that gives the outputs that it was told to; and notes how it was called."""

    def __init__(self, outputs):
        self.outputs = nn.Parameter(outputs)
        self.dropped = nn.Dropout(0.5, rng=0)

    def forward(self, x):
        self.recorded = (self.outputs * 1).requires_grad
        self.mode = self.training, self.dropped.training
        return self.dropped(self.outputs)


@pytest.mark.parametrize(
    ("outputs", "options", "expected"),
    [
        ([[0.2], [0.5], [0.7]], {}, [[0], [0], [1]]),
        ([[0.2], [0.5], [0.7]], {"threshold": 0.1}, [[1], [1], [1]]),
        ([[-1.0], [0.0], [1.0]], {"threshold": 0.0}, [[0], [0], [1]]),
        ([0.2, 0.7], {}, [0, 1]),
        ([[0.1, 0.7, 0.2], [9.0, 1.0, 2.0]], {}, [1, 0]),
        ([[0.0, 0.0], [-2.0, -1.0]], {}, [0, 1]),
    ],
)
def test_predict(outputs, options, expected):
    result = nn.predict(Outputs(outputs), X, **options)
    assert type(result) is np.ndarray
    assert result.dtype.kind == "i"
    assert result.tolist() == expected


LOGITS = [[-1.0], [0.25], [0.75], [3.0]]


@pytest.mark.parametrize(
    ("outputs", "loss", "expected"),
    [
        (LOGITS, nn.BCEWithLogitsLoss(), [[0], [1], [1], [1]]),
        ([-1.0, 0.25, 0.0], nn.BCEWithLogitsLoss(), [0, 1, 0]),
        ([[-1.0, 0.25], [0.25, -1.0]], nn.BCEWithLogitsLoss(), [[0, 1], [1, 0]]),
        ([[0.2], [0.5], [0.7]], nn.BCELoss(), [[0], [0], [1]]),
        ([[0.2, 0.7], [0.9, 0.8]], nn.BCELoss(), [[0, 1], [1, 1]]),
        ([[-1.0, 3.0, 2.0], [9.0, 1.0, 2.0]], nn.CrossEntropyLoss(), [1, 0]),
        ([[-1.0], [3.0]], nn.CrossEntropyLoss(), [0, 0]),
    ],
)
def test_a_loss_decides(outputs, loss, expected):
    result = nn.predict(Outputs(outputs), X, loss=loss)
    assert type(result) is np.ndarray
    assert result.dtype.kind == "i"
    assert result.tolist() == expected
    assert nn.accuracy(Outputs(outputs), X, expected, loss=loss) == 1.0
    assert loss.decide(np.array(outputs)).tolist() == expected
    assert loss.decide(mt.Tensor(outputs, requires_grad=True)).tolist() == expected


def test_the_right_threshold_after_logits():
    model = nn.Linear(2, 1, rng=0)
    loss = nn.BCEWithLogitsLoss()
    nn.fit(
        model, X, Y, iterations=20, loss=loss, optimizer=nn.SGD(model.parameters(), 0.5), **QUIET
    )
    right = ((model(X).numpy() > 0) == Y).mean()
    assert nn.accuracy(model, X, Y, loss=loss) == right
    assert nn.accuracy(model, X, Y, threshold=0) == right


@pytest.mark.parametrize("outputs", [LOGITS, [[0.5], [1.5]], [[-0.1], [0.5]], [-2.0, 0.5], 7.0])
@pytest.mark.parametrize("judge", [nn.predict, lambda m, x: nn.accuracy(m, x, [[1]])])
def test_outputs_that_are_no_probabilities_are_judged_at_no_half(outputs, judge):
    with pytest.raises(ValueError) as caught:
        judge(Outputs(outputs), X)
    assert str(caught.value) == (
        f"predict: outputs of {np.min(outputs):.4g} to {np.max(outputs):.4g} are no "
        "probabilities, judged at 0.5; say loss=, the loss of the training, or threshold="
    )


class Given(nn.Module):
    """Gives what it was made with."""

    def __init__(self, outputs):
        self.outputs = outputs

    def forward(self, x):
        return mt.Tensor(self.outputs)


def test_outputs_of_many_axes_are_judged_by_a_loss_or_threshold():
    model = Given(np.linspace(0, 1, 24).reshape(2, 3, 4))
    with pytest.raises(
        ValueError, match=r"^predict: outputs of shape \(2, 3, 4\) are judged by los"
    ):
        nn.predict(model, X)
    assert nn.predict(model, X, loss=nn.CrossEntropyLoss()).tolist() == [[3] * 3] * 2
    assert nn.predict(model, X, threshold=0.5).sum() == 12
    assert nn.accuracy(model, X, np.full((2, 3), 3), loss=nn.CrossEntropyLoss()) == 1.0


def test_probabilities_may_reach_their_bounds():
    assert nn.predict(Outputs([[0.0], [1.0]]), X).tolist() == [[0], [1]]
    assert nn.predict(Outputs(np.zeros((0, 1))), X).shape == (0, 1)


@pytest.mark.parametrize("outputs", [[[0.3], [0.6]], [[0.3, 0.6]]])
def test_a_regression_has_no_classes(outputs):
    for judge in (nn.predict, lambda m, x, loss: nn.accuracy(m, x, [[1], [0]], loss=loss)):
        with pytest.raises(TypeError, match=r"^MSELoss: .* numbers, not classes; take model\(X\)"):
            judge(Outputs(outputs), X, loss=nn.MSELoss())


@pytest.mark.parametrize("outputs", [[[0.3], [1.6]], [[-0.3, 0.6]]])
def test_a_loss_of_probabilities_decides_on_no_logits(outputs):
    with pytest.raises(ValueError, match=r"^BCELoss: predictions are probabilities, from 0 to 1"):
        nn.predict(Outputs(outputs), X, loss=nn.BCELoss())


class Undecided(nn.Module):
    def forward(self, a, y):
        return (a - y).mean()


class Decided(Undecided):
    def __init__(self, kind):
        self.kind = kind

    def decide(self, outputs):
        return self.kind(outputs > 2)


@pytest.mark.parametrize("kind", [np.asarray, mt.Tensor, lambda x: x.tolist()])
def test_a_loss_of_ones_own_decides(kind):
    assert nn.predict(Outputs(LOGITS), X, loss=Decided(kind)).tolist() == [[0], [0], [0], [1]]
    assert nn.accuracy(Outputs(LOGITS), X, [[0], [0], [0], [1]], loss=Decided(kind)) == 1.0


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (Undecided(), "Undecided"),
        (test_the_right_threshold_after_logits, "test_the_right_threshold_after_logits"),
        (nn.BCEWithLogitsLoss, "BCEWithLogitsLoss"),
        (3, "int"),
    ],
)
def test_a_loss_that_decides_nothing_is_refused(loss, name):
    with pytest.raises(TypeError) as caught:
        nn.predict(Outputs([[0.3]]), X, loss=loss)
    assert str(caught.value) == (
        "predict: loss is an object with decide(outputs), as nn.BCEWithLogitsLoss() is, and "
        f"{name} has none; say threshold=, or judge model(X) yourself"
    )


@pytest.mark.parametrize(
    ("outputs", "options", "text"),
    [
        (
            [[0.3]],
            {"loss": nn.BCELoss(), "threshold": 0.4},
            "a number where loss= isn't given, got 0.4",
        ),
        ([[0.3]], {"threshold": "0.4"}, "threshold is a number"),
        ([[0.3]], {"threshold": float("nan")}, "threshold is a number"),
        ([[0.3, 0.4]], {"threshold": 0.4}, "threshold= is for one output, not 2"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(outputs, options, text):
    with pytest.raises(ValueError, match=f"^predict: .*{text}"):
        nn.predict(Outputs(outputs), X, **options)


@pytest.mark.parametrize("loss", [nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()])
def test_no_loss_decides_on_nan(loss):
    with pytest.raises(FloatingPointError, match="hold nan, which is no class"):
        loss.decide(np.array([[np.nan, 1.0]]))
    with pytest.raises(FloatingPointError, match="hold nan, which is no class"):
        nn.predict(Outputs([[np.nan, 1.0]]), X, loss=loss)


@pytest.mark.parametrize(
    ("labels", "error", "text"),
    [
        ([["cat"]], TypeError, "1 of <U3; np.unique"),
        (np.array([["a"]], object), TypeError, "1 of object; np.unique"),
        ([[-1]], ValueError, "classes are numbered from 0, got the label -1"),
        ([[0.5]], ValueError, "classes are numbered from 0, got the label 0.5"),
        ([[np.nan]], ValueError, "classes are numbered from 0, got the label nan"),
    ],
)
def test_labels_that_no_prediction_can_be_are_refused(labels, error, text):
    with pytest.raises(error, match=text):
        nn.accuracy(Outputs([[0.3]]), X, labels)


def test_the_accuracy_of_nothing_is_refused():
    with pytest.raises(TypeError, match="no labels"):
        nn.accuracy(Outputs(np.zeros((0, 1))), X, np.zeros((0, 1)))


def test_predict_records_nothing_and_drops_nothing():
    model = Outputs([[0.7]] * 20)
    assert nn.predict(model, X).tolist() == [[1]] * 20
    assert model.recorded is False
    assert model.mode == (False, False)


@pytest.mark.parametrize("modes", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("use", [nn.predict, lambda model, x: nn.accuracy(model, x, [[1]])])
def test_modes_are_put_back(modes, use):
    model = Outputs([[0.7]])
    model.training, model.dropped.training = modes
    use(model, X)
    assert (model.training, model.dropped.training) == modes


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_modes_are_put_back_after_an_error(error):
    class Broken(nn.Module):
        def forward(self, x):
            raise error

    model = nn.Sequential(nn.Dropout(), Broken())
    model[0].eval()
    with pytest.raises(error):
        nn.predict(model, X)
    assert [module.training for _, module in model.named_modules()] == [True, False, True]
    assert (nn.Parameter(1.0) * 2).requires_grad


def test_predict_leaves_parameters_and_gradients_alone():
    model = new_model()
    nn.BCELoss()(model(X), Y).backward()
    before, gradients = bytes_of(model), [p.grad.tobytes() for p in model.parameters()]
    nn.predict(model, X)
    assert bytes_of(model) == before
    assert [p.grad.tobytes() for p in model.parameters()] == gradients


@pytest.mark.parametrize("kind", [mt.Tensor, np.array, lambda a: np.asarray(a).tolist()])
def test_accuracy_is_the_share_of_right_answers(kind):
    model = Outputs([[0.2], [0.5], [0.7], [0.9]])
    assert nn.accuracy(model, X, kind([[0], [1], [1], [1]])) == 0.75
    assert nn.accuracy(model, X, kind([[0.0], [1.0], [1.0], [1.0]]), threshold=0.3) == 1.0
    assert nn.accuracy(Outputs([[1.0, 2.0], [2.0, 1.0]]), X, kind([1, 1])) == 0.5
    assert nn.accuracy(model, X, kind([[False], [True], [True], [True]])) == 0.75


def test_accuracy_is_a_plain_float():
    assert type(nn.accuracy(Outputs([[0.7]]), X, [[1]])) is float


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        ([[0.2], [0.7]], [0, 1]),
        ([[0.2], [0.7]], [[0, 1]]),
        ([[0.2], [0.7]], [[1]]),
        ([[0.2, 0.8]], [[1]]),
        ([[0.2], [0.7]], 1),
    ],
)
def test_accuracy_refuses_labels_of_another_shape(outputs, labels):
    predicted = nn.predict(Outputs(outputs), X).shape
    with pytest.raises(mt.ShapeError) as caught:
        nn.accuracy(Outputs(outputs), X, labels)
    assert str(caught.value) == (
        f"accuracy: {predicted} predictions and {np.shape(labels)} labels differ in shape"
    )
