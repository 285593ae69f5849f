"""The film of a training: its file, its numbers, what it says, and the page in a browser."""

import base64
import gc
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_page import chromium, data_of, needs_renderer, text_of, watched  # noqa: F401  # a fixture

import microtensor
import nn
from microtensor import GradientError, ShapeError, Tensor, film, frames
from microtensor.views import numbers

QUIET = {"print_every": None, "progress": False}


def moons(n=60):
    rng = np.random.default_rng(0)
    t, k = rng.random(n) * np.pi, np.arange(n) % 2
    X = np.c_[np.where(k, 1 - np.cos(t), np.cos(t)), np.where(k, 0.5 - np.sin(t), np.sin(t))]
    return X, k[:, None].astype(float)


def network(activation=nn.Tanh, **options):
    hidden = nn.Linear(2, 4, rng=0, **options)
    return nn.Sequential(hidden, activation(), nn.Linear(4, 1, rng=1), nn.Sigmoid())


def train(path, model=None, iterations=10, every=2, callbacks=(), lr=0.5, **options):
    """Trains, filmed; the data of the page."""
    X, Y = moons()
    model = model or network()
    made = film(path, every)
    nn.fit(
        model,
        X,
        Y,
        iterations=iterations,
        optimizer=nn.SGD(model.parameters(), lr=lr),
        callbacks=[*callbacks, made],
        **QUIET,
        **options,
    )
    return data_of(text_of(path))


def told(path):
    """What happened, as (iteration, sentence)."""
    items = re.findall(r'<li data-iteration="(\d+)"><a[^>]*>[^<]*</a> ([^<]*)</li>', text_of(path))
    return [(int(iteration), said) for iteration, said in items]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "training.html"


# The file ---------------------------------------------------------------------------------------


def test_it_is_one_file_that_loads_nothing(path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # and needs no Graphviz
    train(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    text = text_of(path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert not re.search(r"""(src|href)=(?!"#)|url\(|@import|https?:(?!//www.w3)|\sstyle=""", text)
    assert path.stat().st_size < 60_000


def test_frames_are_taken_every_so_often_and_at_the_end(path):
    data = train(path, iterations=12, every=5)
    assert [frame["iteration"] for frame in data["frames"]] == [0, 5, 10, 11]


def test_a_training_that_goes_on_is_filmed_from_there(path):
    X, Y = moons()
    history = nn.History([0.5] * 7)
    nn.fit(network(), X, Y, iterations=5, history=history, callbacks=[film(path, 5)], **QUIET)
    assert [frame["iteration"] for frame in data_of(text_of(path))["frames"]] == [7, 10, 11]


@pytest.mark.acceptance
def test_of_many_frames_every_second_is_dropped(path):
    data = train(path, iterations=700, every=1)
    at = [frame["iteration"] for frame in data["frames"]]
    assert at == [*range(0, 697, 4), 699] or len(at) <= 251
    assert at[0] == 0 and at[-1] == 699 and set(np.diff(at[:-1])) == {4}
    assert len(data["curve"]) <= 1000


class Stopped(Exception):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, Stopped, nn.Stop])
def test_however_a_training_ends_what_was_is_written(path, error):
    def stop(iteration, cost):
        if iteration == 7:
            raise error

    try:
        train(path, callbacks=[stop])
    except (KeyboardInterrupt, Stopped) as found:
        assert type(found) is error
    assert data_of(text_of(path))["frames"][-1]["iteration"] == (7 if error is nn.Stop else 6)


def test_a_cost_that_is_not_finite_leaves_a_film(path):
    Y = np.full((60, 1), 1e300)
    model = nn.Sequential(nn.Linear(2, 1, rng=0))
    sgd = nn.SGD(model.parameters(), lr=1e10)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        nn.fit(
            model,
            moons()[0],
            Y / 1e200,
            iterations=9,
            optimizer=sgd,
            loss=nn.MSELoss(),
            callbacks=[film(path, 1)],
            **QUIET,
        )
    assert data_of(text_of(path))["frames"]


def loop(made, n, end=lambda i: None):
    """A loop of one's own."""
    w = Tensor(np.ones((2, 1)), requires_grad=True, name="W")
    X, Y = moons()
    for i in range(n):
        cost = ((X @ w - Y) ** 2).mean()
        cost.backward()
        made(i, cost)
        w.data -= 0.1 * w.grad
        w.grad = None
        end(i)


def test_a_film_that_nobody_ends_is_there_from_the_first_frame_on(path):
    made = film(path, 2)
    loop(made, 1)
    assert len(data_of(text_of(path))["frames"]) == 1
    made.due = np.inf  # as if there were no time to write
    made(1, 0.5)
    for i in range(2, 7):
        made.model = None
        made(i, (Tensor([1.0], requires_grad=True) * 2).sum())
    assert len(data_of(text_of(path))["frames"]) == 1
    del made
    gc.collect()
    assert [f["iteration"] for f in data_of(text_of(path))["frames"]] == [0, 2, 4, 6]


@pytest.mark.acceptance
def test_an_error_that_ends_python_leaves_a_film(path):
    program = (
        "import sys; sys.path.insert(0, 'tests'); from test_film import film, loop\n"
        f"made = film({str(path)!r}, 1)\n"
        "def end(i):\n    made.due = 1e99\n    if i == 5: raise KeyboardInterrupt\n"
        "loop(made, 9, end)"
    )
    root = Path(__file__).parent.parent
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True)
    assert ended.returncode and b"KeyboardInterrupt" in ended.stderr
    assert data_of(text_of(path))["frames"][-1]["iteration"] == 5


def test_titles_and_names_stay_text(path):
    X, Y = moons()
    model = network()
    model.layers[0].weight.name = "<b>W</b>"
    made = film(path, title="<script>alert(1)</script>")
    nn.fit(model, X, Y, iterations=2, callbacks=[made], **QUIET)
    text = text_of(path)
    assert "<b>W" not in text and "<script>alert" not in text
    assert data_of(text)["cards"][0]["rows"][0][0] == "<b>W</b>"


# Its numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("compile", [False, True])
def test_the_numbers_are_those_of_the_training(path, compile):
    model = network()
    seen = []

    def note(iteration, cost):
        seen.append((cost, [(x.numpy(), x.grad) for x in model.parameters()]))

    data = train(path, model, iterations=5, every=1, callbacks=[note], compile=compile)
    names = [name for card in data["cards"] for name, _ in card["rows"]]
    assert names == ["W1", "b1", "A1", "W2", "b2", "output"]
    for frame, (cost, pairs) in zip(data["frames"], seen, strict=True):
        assert frame["cost"] == numbers.number(cost)
        shown = [frame["rows"][k] for k in (0, 1, 3, 4)]
        for (value, gradient), pair in zip(shown, pairs, strict=True):
            for found, array in zip((value, gradient), pair, strict=True):
                assert found[0] == numbers.number(numbers.rms(array))
                assert found[1] == pytest.approx(array.min(), rel=1e-2)
                assert found[2] == pytest.approx(array.max(), rel=1e-2)
        weight, gradient = pairs[0]
        assert frame["learns"][0] == numbers.number(numbers.rms(gradient) / numbers.rms(weight))
    assert [cost for _, cost in data["curve"]] == pytest.approx([c for c, _ in seen], rel=1e-4)


def test_a_histogram_is_numpys(path):
    model = network()
    data = train(path, model, iterations=1)
    counts, _ = np.histogram(model.layers[0].weight.data, 24)
    shown = [int(digit) for digit in data["frames"][0]["rows"][0][0][3]]
    assert shown == np.ceil(counts * 9 / counts.max()).astype(int).tolist()


def test_moved_is_since_before_the_first_update(path):
    model = network()
    before = model.layers[0].weight.numpy()
    data = train(path, model, iterations=1)
    now = model.layers[0].weight.data
    share = numbers.rms(now - before) / numbers.rms(now)
    assert data["frames"][0]["moved"][0] == f"{numbers.number(float(f'{100 * share:.2g}'))}\xa0%"


def test_a_filmed_training_is_the_same(path):
    def costs(**options):
        model = nn.Sequential(
            nn.Linear(2, 4, rng=0), nn.Dropout(0.5, rng=1), nn.Linear(4, 1, rng=2), nn.Sigmoid()
        )
        history = nn.fit(model, *moons(), iterations=20, **QUIET, **options)
        assert all(module.training for _, module in model.named_modules())
        return history.costs

    assert costs() == costs(callbacks=[film(path, 3)])


def test_a_compiled_step_is_not_recorded_anew(path):
    model, (X, Y) = network(), moons()
    step = microtensor.compile(lambda x, y: nn.BCELoss()(model(x), y))
    made = film(path, 1)
    made.watch(model, X, Y)
    for i in range(5):
        model.zero_grad()
        made(i, step(X, Y))
    assert step._recorded == 1
    assert [frame["plane"] is None for frame in data_of(text_of(path))["frames"]] == [False]


def test_tensors_without_modules(path):
    rng = np.random.default_rng(0)
    X, Y = moons()
    W1, b1, W2 = (Tensor(rng.normal(size=s), requires_grad=True) for s in ((2, 4), 4, (4, 1)))
    made = film(path, 1)
    cost = -(Y * (np.tanh(X @ W1 + b1) @ W2).sigmoid()).mean()
    cost.backward()
    made(0, cost)
    cards = data_of(text_of(path))["cards"]
    assert [card["name"] for card in cards] == ["W1, b", "W2"]
    assert [name for name, _ in cards[0]["rows"]] == ["W1", "b", "A1"]


def test_many_equal_layers_are_many_cards(path):
    parts = [part for k in range(9) for part in (nn.Linear(2, 2, rng=k), nn.Sigmoid())]
    model = nn.Sequential(*parts, nn.Linear(2, 1, rng=9), nn.Sigmoid())
    data = train(path, model)
    assert [card["name"] for card in data["cards"]] == [f"layers.{k}" for k in range(0, 20, 2)]


# What is said -----------------------------------------------------------------------------------


def test_a_unit_dies_and_returns(path):
    model = network(nn.ReLU)
    bias = model.layers[0].bias

    def kill(iteration, cost):
        if iteration in (6, 20):
            bias.data[1] = -100 if iteration == 6 else 100

    data = train(path, model, iterations=30, every=1, lr=1e-3, callbacks=[kill])
    said = [(at, text) for at, text in told(path) if "unit" in text]
    assert said == [
        (
            6,
            "unit 1 of layers.0 dies: it is 0 for all 60 examples, so no gradient reaches its "
            "weights.",
        ),
        (20, "unit 1 of layers.0 is back."),
    ]
    notes = [frame["notes"][0] for frame in data["frames"]]
    assert [note == "dead: unit 1" for note in notes] == [6 <= k < 20 for k in range(30)]
    assert data["frames"][6]["open"][0][1] == "0"


def test_a_unit_that_is_shut_for_a_moment_is_no_event(path):
    model = network(nn.ReLU)
    bias = model.layers[0].bias

    def blink(iteration, cost):
        bias.data[1] = -100 if iteration == 6 else 1

    data = train(path, model, every=1, lr=1e-3, callbacks=[blink])
    assert data["frames"][6]["notes"][0] == "dead: unit 1"
    assert not [text for _, text in told(path) if "unit" in text]


def test_saturated_units_are_said_but_not_of_a_sure_output(path):
    model = network()
    model.layers[0].bias.data[:] = 9
    model.layers[2].bias.data[:] = 20
    data = train(path, model, lr=1e-9)
    assert data["frames"][0]["notes"] == ["saturated: units 0, 1, 2 and 3", ""]
    (at, said), *_ = told(path)
    assert at == 0 and said.startswith("units 0, 1, 2 and 3 of layers.0 saturate: they are within")


def test_the_slowest_layer_is_the_one_with_the_smallest_share(path):
    data = train(path, iterations=20)
    for frame in data["frames"]:
        learns = [float(text.replace("−", "-")) for text in frame["learns"]]
        assert frame["slowest"] == int(np.argmin(learns))
        assert f"layers.{2 * frame['slowest']} learns least" in frame["said"]


def test_a_layer_starves(path):
    parts = [part for k in range(8) for part in (nn.Linear(2, 2, rng=k), nn.Sigmoid())]
    model = nn.Sequential(*parts, nn.Linear(2, 1, rng=9), nn.Sigmoid())
    train(path, model, iterations=200, every=20)
    assert any(re.match(r"layers\.\d starves: .* layers\.16 by", text) for _, text in told(path))


def test_a_layer_learns_nothing(path):
    model = network(nn.ReLU)
    model.layers[0].bias.data[:] = -100
    train(path, model)
    assert (0, "layers.0 learns nothing: the gradient of its weights is 0.") in told(path)


def test_what_is_not_finite_is_said(path):
    made = film(path, 1)
    W = Tensor(np.array([[np.inf, 1.0], [np.nan, 1.0]]), requires_grad=True, name="W")
    made(0, (W * 1).sum())
    assert data_of(text_of(path))["frames"][0]["rows"][0] == ["not finite: 2", 0]


# The plane, and images --------------------------------------------------------------------------


def plane(data):
    grid = np.frombuffer(base64.b64decode(data["frames"][-1]["plane"]), np.uint8)
    return grid.reshape(48, 48)


@pytest.mark.parametrize("loss", [nn.BCELoss, nn.BCEWithLogitsLoss])
def test_the_boundary_is_where_the_model_decides(path, loss):
    model = network()
    if loss is nn.BCEWithLogitsLoss:
        model = nn.Sequential(*model.layers[:3])
    data = train(path, model, loss=loss(), iterations=50)
    X, Y = moons()
    low, high = X.min(0), X.max(0)
    room = 0.1 * (high - low)
    axes = (np.linspace(a, b, 48) for a, b in zip(low - room, high + room, strict=True))
    points = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    classes = nn.predict(model, points, loss=loss()).reshape(48, 48)
    grid = plane(data)
    clear = np.abs(grid - 127.5) > 1
    assert ((grid > 127) == classes)[clear].all() and len(set(classes.flat)) == 2
    assert [label for *_, label in data["plane"]["points"]] == Y[:, 0].tolist()
    where = np.array(data["plane"]["points"])[:, :2] * (high - low + 2 * room) + low - room
    assert where == pytest.approx(X, abs=1e-3)


def test_several_classes(path):
    X, _ = moons()
    labels = np.arange(60) % 3
    model = nn.Sequential(nn.Linear(2, 3, rng=0))
    made = film(path)
    nn.fit(model, X, labels, iterations=2, loss=nn.CrossEntropyLoss(), callbacks=[made], **QUIET)
    data = data_of(text_of(path))
    assert set(plane(data).flat) <= {0, 1, 2}
    assert [label for *_, label in data["plane"]["points"]] == labels.tolist()


def image_film(path, shape, inputs, iterations=3, every=1):
    rng = np.random.default_rng(0)
    model = nn.CatClassifier((inputs, 5, 1), rng=1)
    X, Y = rng.random((9, inputs)), np.ones((9, 1))
    made = film(path, every, image_shape=shape)
    before = model.layer1.layers[0].weight.numpy()
    nn.fit(model, X, Y, iterations=iterations, callbacks=[made], **QUIET)
    return data_of(text_of(path)), model.layer1.layers[0].weight.data - before


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 2, 3)])
def test_images_show_how_the_first_weights_moved(path, shape):
    data, moved = image_film(path, shape, 24)
    assert data["sides"] == [5, *shape, *(1,) * (3 - len(shape))]
    assert [at for at, _ in data["pictures"]] == [0, 1, 2]
    shown = np.frombuffer(base64.b64decode(data["pictures"][-1][1]), np.uint8).reshape(5, 24)
    most = np.abs(moved).max(1, keepdims=True)
    assert shown == pytest.approx(127.5 + 127.5 * moved / np.where(most, most, 1), abs=0.51)


def test_large_images_are_made_small_and_few(path):
    data, _ = image_film(path, (65, 70, 3), 65 * 70 * 3, iterations=45)
    assert data["sides"] == [5, 21, 23, 3]
    assert 11 <= len(data["pictures"]) <= 22
    assert path.stat().st_size < 600_000


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"every": 0}, ValueError, "every is a whole number of at least 1, got 0"),
        ({"every": 2.5}, ValueError, "every is a whole number of at least 1, got 2.5"),
        ({"image_shape": (4,)}, ValueError, r"film: image_shape is rows and columns.*, got \(4,\)"),
        ({"image_shape": 64}, ValueError, "film: image_shape is rows and columns.*, got 64"),
        ({"image_shape": (2.5, 2)}, ValueError, "film: image_shape is rows and columns"),
    ],
)
def test_wrong_options_are_refused_at_once(path, options, error, said):
    with pytest.raises(error, match=said):
        film(path, **options)
    assert not path.parent.exists()


def test_a_wrong_image_shape_is_refused_before_the_training(path):
    with pytest.raises(ShapeError, match=r"\(5, 5\) has 25 numbers, and .* shape \(5, 24\)"):
        image_film(path, (5, 5), 24)
    assert not path.parent.exists()


def test_iterations_go_on(path):
    made = film(path)
    loop(made, 2)
    with pytest.raises(
        ValueError, match="iteration 0 comes after iteration 1; count on over epochs"
    ):
        made(0, 0.5)


def test_a_number_alone_says_nothing(path):
    with pytest.raises(ValueError, match=r"film\.watch\(model, X, Y\)"):
        film(path)(0, 0.5)
    with pytest.raises(GradientError, match="wasn't computed from any parameter"):
        film(path)(0, Tensor([1.0]).sum())


# Every step as a picture ------------------------------------------------------------------------


def sums():
    a, c = (Tensor(x, requires_grad=True, name=n) for x, n in ((2.0, "a"), (-3.0, "c")))
    return a * a + a * c


def seen(file):
    """The texts of an SVG that can be seen."""
    texts = re.findall(r"<text ([^>]*)>([^<]*)</text>", file.read_text())
    return [text.replace("&#45;", "-") for looks, text in texts if 'fill-opacity="0' not in looks]


@needs_renderer
def test_a_picture_for_each_step_all_of_one_size(tmp_path):
    paths = [Path(path) for path in frames(sums(), tmp_path / "new")]
    assert [path.name for path in paths] == [f"step-{k:02}.svg" for k in range(11)]
    assert len({re.search(r'viewBox="[^"]*"', path.read_text())[0] for path in paths}) == 1
    cards = {
        tuple(re.findall(r'<polygon fill="none"[^>]*points="[^"]*"', p.read_text())) for p in paths
    }
    assert len(cards) == 1


@needs_renderer
def test_a_picture_shows_what_is_known_at_its_step(tmp_path):
    files = [Path(path) for path in frames(sums(), tmp_path)]
    assert "Start" in seen(files[0]) and "−6" not in seen(files[0])
    assert "t2 = a · c" in seen(files[2]) and "−6" in seen(files[2])
    growing = [[t for t in seen(file) if t.endswith("+ …")] for file in files]
    assert growing == [[]] * 7 + [["= (−3) + …"]] * 2 + [["= (−3) + 2 + …"], []]
    assert "= (−3) + 2 + 2" in seen(files[-1])


@pytest.mark.acceptance
@needs_renderer
@pytest.mark.parametrize("format", ["png", "pdf"])
def test_other_formats_and_a_network(tmp_path, format):
    X, Y = moons()
    cost = nn.BCELoss()(network()(X), Y)
    paths = frames(cost, tmp_path, format, collapse=1, theme="dark")
    starts = {Path(path).read_bytes()[:4] for path in paths}
    assert starts == {{"png": b"\x89PNG", "pdf": b"%PDF"}[format]} and len(paths) > 4


def test_frames_refuse_what_they_cannot_write(tmp_path):
    with pytest.raises(ValueError, match="format 'gif' isn't one of svg, png, pdf"):
        frames(sums(), tmp_path / "new", "gif")
    with pytest.raises(ValueError, match="theme 'blue' isn't one of light, dark"):
        frames(sums(), tmp_path / "new", theme="blue")
    with pytest.raises(ValueError, match=r"theme \[\] isn't one of light, dark"):
        frames(sums(), tmp_path / "new", theme=[])
    y = Tensor(1.0, requires_grad=True)
    for _ in range(150):
        y = y * 1.0 * 1.0
    with pytest.raises(ValueError, match="steps are more than 500"):
        frames(y, tmp_path / "new", collapse=False)
    assert not (tmp_path / "new").exists()


# In a browser -----------------------------------------------------------------------------------


@pytest.fixture
def visit(chromium, path):  # noqa: F811
    """Opens a film; at the end nothing was requested and nothing went wrong."""
    wrong, opened = [], []

    def opening(at="", **context):
        tab = watched(chromium, wrong, **context)
        tab.on("request", lambda r: r.url.split("#")[0] == f"file://{path}" or wrong.append(r.url))
        tab.goto(f"file://{path}{at}".replace(" ", "%20"))
        opened.append(tab)
        return tab

    path = Path(str(path).replace("new folder", "new"))
    yield path, opening
    for tab in opened:
        tab.context.close()
    assert wrong == []


def now(tab):
    return re.match(r"Iteration (\d+): cost", tab.inner_text("#title"))[1]


def test_keys_buttons_slider_and_address_move(visit):
    path, opening = visit
    data = train(path)
    tab = opening()
    assert now(tab) == "9"
    for key, iteration in [("ArrowLeft", "8"), ("Home", "0"), ("ArrowRight", "2"), ("End", "9")]:
        tab.keyboard.press(key)
        assert now(tab) == iteration
        tab.wait_for_url(f"**#iteration-{iteration}")
    tab.click("#back")
    assert now(tab) == "8"
    tab.fill("#slider", "1")
    assert now(tab) == "2"
    tab.evaluate("location.hash = 'iteration-5'")
    tab.locator("#title", has_text="Iteration 4:").wait_for()
    assert (
        tab.get_attribute("#slider", "aria-valuetext")
        == f"Iteration 4: cost {data['frames'][2]['cost']}"
    )
    box = tab.locator("#cost svg").bounding_box()
    tab.mouse.click(box["x"] + box["width"] * 0.99, box["y"] + 30)
    assert now(tab) == "9"


def test_it_plays_to_the_end(visit):
    path, opening = visit
    train(path)
    tab = opening("#iteration-4")
    tab.select_option("#speed", "32")
    press = """() => {
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: " ", bubbles: true }));
        return document.querySelector("#play").textContent;
    }"""
    assert tab.evaluate(press) == "Pause"  # at once: it is at the end soon
    tab.locator("#play", has_text="Play").wait_for()
    assert now(tab) == "9"


def test_the_cards_show_the_numbers_of_the_frame(visit):
    path, opening = visit
    data = train(path, network(nn.ReLU))
    tab = opening("#iteration-4")
    shown = tab.locator("#layers tbody td span").all_inner_texts()
    rows = [x for row in data["frames"][2]["rows"] for x in row]
    assert shown == [x[0] if x else "–" for x in rows]
    assert tab.locator("#layers .least").count() == 1
    assert tab.inner_text("#text").endswith(data["frames"][2]["said"])
    assert tab.locator("#plane canvas").is_visible() and tab.locator("#images").is_hidden()


def test_a_dead_unit_is_crossed_out_and_named(visit):
    path, opening = visit
    model = network(nn.ReLU)
    model.layers[0].bias.data[2] = -100
    train(path, model, lr=1e-3)
    tab = opening()
    assert tab.locator(".units .shut").count() == 1
    assert "layers.0, dead: unit 2." in tab.inner_text("#text")
    tab.click("#events a >> nth=0")
    tab.locator("#title", has_text="Iteration 0:").wait_for()


def test_images_are_drawn(visit):
    path, opening = visit
    image_film(path, (4, 2, 3), 24)
    tab = opening()
    assert tab.locator("#images canvas").count() == 5
    assert tab.inner_text("#images figcaption").startswith("How W1 has moved by iteration 2")
    pixel = "c => [...c.getContext('2d').getImageData(0, 0, 1, 1).data]"
    data = json.loads(tab.inner_text("#data"))
    first = base64.b64decode(data["pictures"][-1][1])[:3]
    assert tab.evaluate(f"({pixel})(document.querySelector('#images canvas'))") == [*first, 255]


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_is_cut_at_any_width(visit, width):
    path, opening = visit
    train(path)
    tab = opening(viewport={"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    cut = """() => [...document.querySelectorAll("#layers td, .bar button")]
        .filter((x) => x.scrollWidth > x.clientWidth + 1).map((x) => x.textContent)"""
    assert tab.evaluate(cut) == []


def test_dark_and_light(visit):
    path, opening = visit
    train(path)
    tab = opening(color_scheme="dark")
    assert tab.inner_text("#theme") == "Light"
    tab.click("#theme")
    assert tab.inner_text("#theme") == "Dark"
    assert tab.evaluate("document.documentElement.dataset.theme") == "light"


def test_without_scripts_it_tells_what_happened(visit):
    path, opening = visit
    train(path)
    tab = opening(java_script_enabled=False)
    assert "learns least" in tab.inner_text("#events") and tab.locator("#slider").is_hidden()
