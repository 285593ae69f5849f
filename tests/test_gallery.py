"""The gallery: every model learns, is read in every way, and computes the same compiled."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt

FOLDER = Path(__file__).parent.parent / "examples" / "models"
sys.path.append(str(FOLDER))  # as Python does for a script, and behind everything else
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "gallery")
SMALL = {  # what data() is told, where all of it would take long
    "moons": {"count": 6},
    "digits": {"count": 6},
    "cnn": {"count": 3},
    "vae": {"count": 6},
    "pinn": {"count": 5},
    "neural_ode": {"starts": 3, "count": 3},
    "char_lstm": {"length": 3},
    "gpt": {"count": 2},
    "gaussian_process": {"count": 5},
}
LEARNT = {  # the cost at the end is at most this
    "xor": 0.05,
    "moons": 0.05,
    "digits": 0.2,
    "cnn": 0.2,
    "vae": 26,
    "pinn": 0.05,
    "neural_ode": 1e-4,
    "char_lstm": 0.4,
    "makemore": 2.2,
    "gpt": 0.05,
    "gaussian_process": 0.6,
    "newton": 1e-12,
}
LARGE = ("char_lstm", "cnn", "gpt", "makemore", "neural_ode", "vae")  # whose programs are long
each = pytest.mark.parametrize("name", NAMES)
each_in_its_tier = pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=pytest.mark.acceptance if x in LARGE else ()) for x in NAMES],
)


def small(name):
    """A model, and a function of nothing that computes its cost for a few examples."""
    module = import_module(name)
    model, data = module.model(), module.data(**SMALL.get(name, {}))
    return model, lambda: module.cost(model, *data)


def whole_numbers(name):
    """What picks entries in a model's program, in its order: letters, places and labels."""
    data = import_module(name).data(**SMALL.get(name, {}))
    if name == "gaussian_process":
        return [np.arange(len(data[0]))]  # of the diagonal
    if name == "gpt":
        return data[0], np.arange(data[0].shape[1]), data[1].ravel()
    return [x.ravel() if x is data[-1] else x for x in data if x.dtype.kind == "i"]


def leaves(model):
    return [model] if isinstance(model, mt.Tensor) else list(model.parameters())


def gradients(model, compute):
    """The cost, and every gradient."""
    for p in leaves(model):
        p.grad = None
    cost = compute()
    if isinstance(cost, mt.Tensor):
        cost.backward()
        cost = cost.item()
    return [cost, *(p.grad for p in leaves(model))]


@each
def test_it_is_short_and_says_what_it_shows(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 80
    assert "Reading" in import_module(name).__doc__
    assert "._" not in text and "import _" not in text


@each_in_its_tier
def test_training_takes_steps_and_is_the_same_every_time(name):
    module = import_module(name)
    before = [p.numpy() for p in leaves(module.model())]
    model, costs = module.train(steps=2)
    _, again = module.train(steps=2)
    assert len(costs) >= 2 and np.isfinite(costs).all()
    assert list(costs) == list(again)
    assert any((p.numpy() != old).any() for p, old in zip(leaves(model), before, strict=True))


@each_in_its_tier
def test_compiled_it_gives_the_same_numbers(name):
    model, compute = small(name)
    eager = gradients(model, compute)
    step = mt.compile(compute)
    for _ in range(2):  # the first call records, the second runs what was recorded
        for ours, theirs in zip(gradients(model, step), eager, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@each
def test_its_gradients_are_those_of_differences(name):
    model, compute = small(name)
    slopes = [slope for _, *found in [gradients(model, compute)] for slope in found]
    rng = np.random.default_rng(0)
    ways = [rng.standard_normal(p.shape) for p in leaves(model)]
    costs = []
    for step in (1e-5, -2e-5):
        for p, way in zip(leaves(model), ways, strict=True):
            p.data = p.data + step * way
        costs.append(compute().item())
    expected = sum((slope * way).sum() for slope, way in zip(slopes, ways, strict=True))
    assert (costs[0] - costs[1]) / 2e-5 == pytest.approx(expected, rel=1e-4, abs=1e-6)


@each_in_its_tier
def test_it_is_drawn_and_explained(name):
    _, compute = small(name)
    cost = compute()
    assert mt.draw(cost).source.startswith("digraph")
    assert "Backward" in str(mt.explain(cost))


@each_in_its_tier
def test_its_program_gives_the_same_numbers(name):
    model, compute = small(name)
    expected, *slopes = gradients(model, compute)
    cost = compute()
    program = {}
    exec(mt.to_source(cost, wrt=leaves(model)), program)
    graph = mt.Graph.of(cost)
    known = {node.name.replace(".", "_"): node.value for node in graph.nodes}
    function = program["L_and_gradients"]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    given = [known[n] for n in names if n in known]
    rest = (x for x in whole_numbers(name) if not any(np.array_equal(x, y) for y in given))
    value, found = function(**{n: known[n] if n in known else next(rest) for n in names})
    assert value == pytest.approx(expected, rel=1e-9)
    for p, slope in zip(leaves(model), slopes, strict=True):
        place = graph.find(p).name.replace(".", "_")
        np.testing.assert_allclose(found[place], slope, rtol=1e-7, atol=1e-12)
    assert "jax.numpy" in mt.to_source(cost, wrt=leaves(model), xp="jax.numpy")


def run(name, out, monkeypatch, trained=False):
    """Its main(), with or without the training."""
    module = import_module(name)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--out", str(out)])
    if not trained:
        monkeypatch.setattr(module, "train", lambda: (module.model(), [1.0]))
    module.main()


def test_without_matplotlib_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    run("xor", tmp_path / "new", monkeypatch)
    assert "no figure: it needs matplotlib (pip install matplotlib)" in capsys.readouterr().out
    assert list(tmp_path.rglob("*.png")) == []


def test_without_graphviz_it_says_so(tmp_path, capsys):
    class Undrawn:
        def save(self, path):
            raise mt.NoRenderer("Graphviz is missing")

    import_module("gallery").picture(tmp_path / "x.svg", Undrawn())
    assert capsys.readouterr().out == "Graphviz is missing\n"


def test_without_tqdm_there_is_no_bar(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert list(import_module("gallery").bar(3)) == [0, 1, 2]


@pytest.mark.acceptance
@each
def test_it_learns_and_writes_its_figure_and_its_reading(name, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="draws a figure")
    pytest.importorskip("pygraphviz", reason="draws a picture")
    module = import_module(name)
    model, costs = module.train()
    assert np.mean(costs[-20:] if name != "newton" else costs[-1:]) <= LEARNT[name]
    monkeypatch.setattr(module, "train", lambda: (model, costs))
    run(name, tmp_path, monkeypatch, trained=True)
    assert (tmp_path / f"{name}.png").stat().st_size > 1000
    printed = capsys.readouterr().out
    assert printed.count("\n") >= 2
    assert len(list(tmp_path.iterdir())) == 2 or printed.count("\n") > 10
