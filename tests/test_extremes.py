"""Numbers and graphs at the edges, in every view: overflow, infinities, thousands of uses."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from counting import calls

import microtensor as mt
import nn
from microtensor import (
    Graph,
    Tensor,
    detail,
    difference,
    draw,
    explain,
    follow,
    page,
    paths,
    primitive,
)  # fmt: skip


def many(cases):
    """Cases that are like those of every run."""
    return [pytest.param(case, marks=pytest.mark.acceptance) for case in cases]


def leaf(value, name=None):
    return Tensor(value, requires_grad=True, name=name)


def viewed(result, tmp_path, **options):
    """Everything that the views say of a result, which none of them refuses."""
    graph = Graph.of(result, **options)
    said = [str(difference(graph, graph))]
    for collapse in ("auto", 0, 1):
        said.append(Path(draw(result, collapse=collapse, **options).save(tmp_path / "x.txt")))
        said[-1] = said[-1].read_text(encoding="utf-8")
        page(result, tmp_path / "x.html", collapse=collapse, **options)
    said += [str(explain(result, format=f, **options)) for f in ("text", "html", "latex")]
    for node in graph.nodes[:4]:
        if node.tracked and node is not graph.result:
            index = f"[{', '.join('0' * np.ndim(node.value))}]" if np.ndim(node.value) else ""
            said.append(paths(result, node.name, **options))
            said.append(follow(result, node.name + index, **options))
    return "\n".join(said)


def cancelling(parts):
    w, total = leaf(1.0, "w"), Tensor(0.0)
    for part in parts:
        total = total + w * part
    return total


# Numbers ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize(
    "parts",
    [
        [1e308] * 9,
        [np.inf, -np.inf],
        *many([[1e308] * 2, [np.inf, -np.inf] * 5, [1e308, 1e308, -1e308]]),
    ],
)
def test_sums_that_overflow_or_cancel_infinities(parts, tmp_path):
    result = cancelling(parts)
    said = viewed(result, tmp_path)
    assert f"∂L/∂w = {Graph.of(result).find('w').gradient:.4g}".replace("+", "") in said
    assert "isn't linear" not in said


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("value", [np.inf, *many([1e200, np.nan])])
def test_arrays_that_overflow(value, tmp_path):
    W = leaf(np.full((2, 3), value), "W")
    said = viewed((W * W).sum() - (W * W).sum(), tmp_path)
    assert "nan" in said and "isn't linear" not in said


def test_an_overflow_on_the_way_is_named():
    with np.errstate(all="ignore"):
        w = leaf(1e-300, "w")
        story = paths(w * 1e200 * 1e200 * 1e-300, "w")  # from the result back it is 1e100
    assert "Backward found another: ∂L/∂w = 1e100. Numbers overflow on the way." in story


@pytest.mark.parametrize(
    "made", [lambda w: w * 10**20, *many([lambda w: w + 10**30, lambda w: 10**20 / w])]
)
def test_whole_numbers_of_any_size(made, tmp_path):
    said = viewed(made(leaf(2.0, "w")), tmp_path)
    assert "1e20" in said or "1e30" in said


@pytest.mark.parametrize(
    "values",
    [
        [0.3, 0.1 + 0.2], [1e308, -1e308],
        *many([
            [1.7e308, 1.7e308], [5e-324, 0.0], [1e-320, 2e-320], [np.inf, -np.inf], [np.nan],
            [True, False], [2**63 - 1, 2**63 - 3], [0.0, 0.0],
        ]),
    ],
)  # fmt: skip
def test_a_tensor_of_extreme_numbers_in_detail(values, tmp_path):
    pytest.importorskip("matplotlib", reason="draws with matplotlib")
    figure = detail(np.array(values))
    figure.savefig(tmp_path / "x.svg")
    numbers, counts, *_ = figure.get_axes()
    finite = np.isfinite(values).sum()
    (stairs,) = counts.patches
    assert stairs.get_data().values.sum() == finite
    assert f"{max(values):.4g}" in numbers.texts[0].get_text() or not finite
    with np.errstate(all="ignore"):
        assert draw(leaf(np.resize(values, 8).astype(float), "w").sum()).source


def test_bars_of_extreme_numbers():
    def bars(values):
        card = draw((leaf(values, "w") * 0.0).sum(), collapse=0).scene.cards[0]
        return card.rows[0][1].text

    spread = np.linspace(-1, 1, 12)
    assert bars(spread) == bars(spread * 1e308) == "█" * 12
    assert bars(np.full(12, 0.3)).strip() == "█"
    assert bars(np.array([0.0] * 6 + [5e-324] * 6)).split() == ["█", "█"]


# Graphs -----------------------------------------------------------------------------------------


def test_a_flatten_between_layers(tmp_path):
    layers = nn.Linear(3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3, 1)
    assert "relu" in viewed(nn.Sequential(*layers)(np.ones((2, 3))).sum(), tmp_path)


@pytest.mark.acceptance
def test_a_chain_of_one_number(tmp_path):
    t = leaf([2.0], "w")
    for _ in range(100):
        t = t * 1.01
    viewed(t, tmp_path)


@pytest.mark.parametrize(
    "slope",
    [float, *many([lambda x: x.item(), lambda x: [1.0][int(x) * 0], lambda x: x.real])],
)
def test_a_page_of_a_derivative_that_is_not_written_in_numpy(slope, tmp_path):
    f = primitive("f", lambda x: np.float64(float(x) ** 2), lambda g, out, x: g * 2 * slope(x))
    said = viewed(f(leaf(2.0, "x")) * 3.0, tmp_path)
    assert "∂L/∂x" in said
    assert '<section id="numbers" hidden' in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("view", [lambda y: paths(y, "w"), lambda y: follow(y, "w[0]")])
def test_paths_and_entries_need_a_gradient(view):
    with pytest.raises(ValueError, match=r"(paths|follow): L \(2\) isn't a single number; reduce"):
        view(leaf([1.0, 2.0], "w") * 2.0)


def test_what_no_gradient_flows_to():
    x, w = leaf(2.0, "x"), leaf(3.0, "w")
    with mt.record_constants():
        result = x.detach() ** 2 * w
    for view in (explain, paths, follow):
        with pytest.raises(ValueError, match="'x' has no gradient: none flows to it from the res"):
            view(result, "x")


# Many -------------------------------------------------------------------------------------------


def used(times, name="x"):
    x = leaf(2.0, name)
    total = x * 0.5
    for k in range(1, times):
        total = total + x * float(k)
    return total


@pytest.mark.acceptance
def test_a_value_used_thousands_of_times_is_followed_along_the_largest_uses():
    story = follow(used(4000), "x")
    assert len(story) < 2000
    assert story.count("reaches") == 6 and "1 × 3999 = 3999" in story
    assert "The other 3,994 uses of x send 7.974e6 together." in story
    assert "7.998e6, which is the gradient ∂L/∂x." in story
    short, long = (calls(lambda n=n: follow(used(n), "x")) for n in (500, 1000))
    assert long < 2.2 * short


@pytest.mark.acceptance
@pytest.mark.parametrize("joined", [mt.concatenate, mt.stack])
def test_what_joins_thousands_is_told_in_time_that_grows_with_them(joined):
    def told(n, way):
        return explain(joined([leaf([float(k)]) * 2.0 for k in range(n)]).sum(), format=way)

    for way in ("text", "latex"):
        assert len(told(500, way)) < 6000
        short, long = (calls(lambda n=n, way=way: told(n, way)) for n in (150, 300))
        assert long < 2.3 * short
    assert "…" in Graph.of(joined([leaf([1.0])] * 20)).result.expression


def test_what_many_read_is_laid_out_in_bounded_time():
    assert "nslimit=10" in draw(used(3)).source


# What the output can't have ---------------------------------------------------------------------


def ran(encoding, *arguments):
    command = [sys.executable, "-m", "microtensor", *arguments]
    known = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(command, capture_output=True, env=known)


@pytest.mark.parametrize("encoding", ["cp1252", *many(["ascii", "latin-1"])])
def test_commands_write_ascii_where_the_output_is_not_unicode(encoding):
    done = ran(encoding, "explain", "sigmoid(w*x)**2/2 + w", "w=2", "x=1")
    text = done.stdout.decode(encoding)
    assert done.returncode == 0 and done.stderr == b""
    assert text.isascii() and "?" not in text
    assert "z = w * x = 2 * 1 = 2" in text and "dL/dw" in text and "sigmoid(z)" in text


@pytest.mark.acceptance
def test_every_command_writes_ascii(tmp_path):
    for command in ("source", "draw"):
        output = [] if command == "source" else ["-o", str(tmp_path / "x.txt")]
        assert ran("ascii", command, "w*x", "w=2", "x=1", *output).returncode == 0
    assert ran("ascii", "doctor").returncode == 0
    assert b"dL/d?" in ran("ascii", "explain", "α*2", "α=3").stdout
    refused = ran("ascii", "source", "α*2", "α=3")
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith(b"ascii can't write its names; take -o program.py")


@pytest.mark.acceptance
def test_unicode_stays_where_the_output_has_it():
    assert (
        "z = w · x = 2 · 1 = 2"
        in ran("utf-8", "explain", "sigmoid(w*x)", "w=2", "x=1").stdout.decode()
    )
