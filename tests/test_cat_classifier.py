"""examples/cat_classifier.py: what it writes, how it goes on, and what it refuses."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import nn

EXAMPLE = Path(__file__).parent.parent / "examples" / "cat_classifier.py"


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("cat_classifier_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def plots():
    """For tests with plots, which take most of a run."""
    pytest.importorskip("matplotlib", reason="draws plots with matplotlib")


@pytest.fixture
def train(main, tmp_path, monkeypatch, capsys, request):
    """Runs it on pictures of 4 x 4; what it printed."""
    monkeypatch.chdir(tmp_path)
    if "plots" not in request.fixturenames:
        without(monkeypatch, "matplotlib")
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        images, labels = rng.integers(0, 256, (9, 48)), rng.integers(0, 2, (9, 1))
        np.savetxt(f"{part}_images.csv", images, fmt="%d", delimiter=",")
        np.savetxt(f"{part}_labels.csv", labels, fmt="%d", delimiter=",")

    def running(*arguments, base=("--data", ".", "--layers", "48,4,1", "--out", "out")):
        main([*base, *arguments])
        return capsys.readouterr().out

    return running


OUT = ("--out", "out")


@pytest.fixture
def photo(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    image.new("RGB", (9, 7), "orange").save(tmp_path / "photo.png")
    return "photo.png"


@pytest.fixture
def few_drawings(monkeypatch):
    draw = nn.datasets.drawn_cats
    monkeypatch.setattr(nn.datasets, "drawn_cats", lambda: draw(train=6, test=3))


def without(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)


def test_it_names_what_it_has_written_and_nothing_else(plots, train, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    said = train("--iterations", "3")
    (line,) = [line for line in said.splitlines() if line.startswith("written: ")]
    named = [Path(name).name for name in line.removeprefix("written: ").split(", ")]
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert len(named) == len(set(named))
    assert set(named) == found - {"mine.txt"}
    assert {"weights.npz", "costs.csv"} <= found
    (graph,) = {"graph.svg", "graph.dot"} & found
    assert "∂cost/∂images" in (tmp_path / "out" / graph).read_text(encoding="utf-8")
    costs = (tmp_path / "out" / "costs.csv").read_text().splitlines()
    assert costs[0] == "iteration,cost"
    assert [line.partition(",")[0] for line in costs[1:]] == ["0", "1", "2"]
    assert f"cost after iteration 0: {costs[1].partition(',')[2]}\n" in said


def test_without_matplotlib_it_says_what_is_missing(train, tmp_path):
    said = train("--iterations", "1")
    assert "costs.png and test_images.png need matplotlib: pip install -e '.[examples]'" in said
    assert ".png" not in said.partition("written: ")[2]
    assert not list((tmp_path / "out").glob("*.png"))


def test_resume_goes_on_where_it_ended(train, tmp_path):
    train("--iterations", "2")
    train("--iterations", "5", "--resume")
    resumed = (tmp_path / "out" / "costs.csv").read_text()
    train("--iterations", "5", "--out", "at_once")
    assert (tmp_path / "at_once" / "costs.csv").read_text() == resumed


def test_a_photo(train, tmp_path, photo):
    *_, notes, first = train("--iterations", "1", "--predict", photo).splitlines()
    about = f"(data: the images in {tmp_path}; iterations: 1; learning rate: 0.0075):"
    assert notes == f"with what was learnt {about}"
    assert first.startswith("photo.png: ")
    assert first.partition(", probability ")[2]
    told = f"with the weights of {Path('out', 'weights.npz')} {about}\n{first}\n"
    assert train("--predict", photo, base=OUT) == told  # the weights are there
    assert train("--predict", photo) == told  # and are those that are asked for
    assert train("--predict", photo, "--iterations", "1", "--seed", "1") == told


def test_drawings_are_called_drawings_when_a_photo_is_judged(train, photo, few_drawings):
    for _ in range(2):
        said = train("--layers", "12288,1", "--iterations", "2", "--predict", photo, base=OUT)
        *_, notes, warning, answer = said.splitlines()
        assert "(data: drawn cats; iterations: 2; learning rate: 0.0075):" in notes
        assert warning.startswith("drawings teach little of photos; --data DIR or --kaggle trains")
        assert answer.startswith("photo.png: ")


OTHERS = {
    "iterations": (["--iterations", "7"], "iterations 3, and iterations 7"),
    "rate": (["--learning-rate", "0.5"], "learning rate 0.0075, and learning rate 0.5"),
    "seed": (["--seed", "2"], "seed 1, and seed 2"),
    "dtype": (["--dtype", "float32"], "dtype float64, and dtype float32"),
    "layers": (["--layers", "48,1"], "layers 48,4,1, and layers 48,1"),
    "data": (["--data", "others"], "data the images in {0}, and data the images in {0}/others"),
}


@pytest.fixture
def others(tmp_path, train):
    """Another folder, with one image changed."""
    (tmp_path / "others").mkdir()
    for path in tmp_path.glob("*.csv"):
        text = path.read_text()
        changed = "255" if text[0] == "0" else "0"
        if path.name == "train_images.csv":
            text = changed + text[text.index(",") :]
        (tmp_path / "others" / path.name).write_text(text)


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("way", ["--predict", "--resume"])
def test_weights_are_used_for_nothing_that_they_are_not(train, tmp_path, photo, others, what, way):
    train("--iterations", "3")
    before = (tmp_path / "out" / "weights.npz").read_bytes()
    arguments, said = OTHERS[what]
    if way == "--resume" and what in ("iterations", "rate"):
        train("--resume", "--iterations", "5", *arguments)  # these may change
        return
    more = [way, photo] if way == "--predict" else [way, *([] if "--data" in arguments else DATA)]
    with pytest.raises(SystemExit) as stopped:
        train(*more, *arguments, base=OUT)
    assert str(stopped.value) == (
        f"cat_classifier: {Path('out', 'weights.npz')} was made with {said.format(tmp_path)} is "
        "asked for; leave that out, or train others with another --out"
    )
    assert (tmp_path / "out" / "weights.npz").read_bytes() == before


DATA = ("--data", ".")


def test_resume_goes_on_with_no_other_images(train, few_drawings):
    train("--iterations", "2")
    with pytest.raises(SystemExit, match=r"was made with data the images in .*, and data drawn"):
        train("--resume", base=OUT)


def test_images_that_were_moved_are_the_same(train, tmp_path, photo):
    train("--iterations", "2")
    (tmp_path / "moved").mkdir()
    for path in tmp_path.glob("*.csv"):
        path.rename(tmp_path / "moved" / path.name)
    assert "iterations: 2" in train("--data", "moved", "--predict", photo, base=OUT)
    assert "cost after" in train("--data", "moved", "--resume", "--iterations", "3", base=OUT)


def test_resume_takes_from_the_weights_what_is_not_said(train, tmp_path, photo):
    options = ("--learning-rate", "0.05", "--seed", "3", "--dtype", "float32", *DATA, *OUT)
    train("--layers", "48,3,1", "--iterations", "2", base=options)
    said = train("--resume", "--iterations", "4", base=(*DATA, *OUT))
    assert "iterations done: 2; left of --iterations: 2" in said
    train("--layers", "48,3,1", "--iterations", "4", "--out", "at_once", base=options)
    costs = [(tmp_path / name / "costs.csv").read_text() for name in ("out", "at_once")]
    assert costs[0] == costs[1]
    train("--resume", "--iterations", "5", "--learning-rate", "0.5", base=(*DATA, *OUT))
    said = train("--predict", photo, base=OUT)
    assert "iterations: 5; learning rate: 0.05, then 0.5)" in said
    with pytest.raises(SystemExit, match=r"doesn't say all, and learning rate 0\.5 is asked"):
        train("--predict", photo, "--learning-rate", "0.5", base=OUT)
    said = train("--resume", "--iterations", "3", base=(*DATA, *OUT))
    assert "iterations done: 5; left of --iterations: 0" in said


def old_weights(path):
    """The file as it was before it said what it was trained on."""
    with np.load(path) as arrays:
        kept = {k: v for k, v in arrays.items() if k not in ("format", "history/about")}
    np.savez(path, **kept)


def test_older_weights_still_judge_and_go_on(train, tmp_path, photo):
    train("--iterations", "2")
    old_weights(tmp_path / "out" / "weights.npz")
    said = train("--predict", photo, base=OUT)
    assert "(data: unknown; iterations: 2; learning rate: unknown):" in said
    with pytest.raises(SystemExit, match=r"doesn't say all, and data the images in .* is asked"):
        train("--predict", photo)
    train("--resume", "--iterations", "3", "--seed", "1")
    assert "(data: unknown; iterations: 3; " in train("--predict", photo, base=OUT)


@pytest.mark.parametrize("data", [b"", b"no weights", None])
@pytest.mark.parametrize("way", ["--predict", "--resume"])
def test_weights_that_are_none_are_named(train, tmp_path, photo, data, way):
    path = tmp_path / "out" / "weights.npz"
    path.parent.mkdir()
    nn.save(path, nn.Linear(1, 1)) if data is None else path.write_bytes(data)
    with pytest.raises(SystemExit, match=r"is no whole checkpoint of a cat classifier; move it"):
        train(*([way, photo] if way == "--predict" else [way]))


def test_what_a_file_says_is_shown_without_control_characters(train, tmp_path, photo):
    train("--iterations", "1")
    path = tmp_path / "out" / "weights.npz"
    model = nn.CatClassifier((48, 4, 1))
    history = nn.load(path, model)
    history.about["data"] = "cats\x1b[31m\n"
    nn.save(path, model, nn.SGD(model.parameters()), history)
    assert train("--predict", photo, base=OUT).splitlines()[0].isprintable()
    with pytest.raises(SystemExit) as stopped:
        train("--predict", photo, "--seed", "4", "--data", "others", base=OUT)
    assert str(stopped.value).isprintable()


# Photos -----------------------------------------------------------------------------------------


def judged(train, image, name="photo.png"):
    image.save(name)
    return train("--predict", name, base=OUT).splitlines()[-1].partition(": ")[2]


@pytest.mark.parametrize("mode", ["I;16", "I", "I;16B"])
def test_a_grey_photo_of_16_bits_is_read_as_one_of_8(train, photo, mode):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    train("--iterations", "1")
    grey = (np.arange(64).reshape(8, 8) * 4).astype(np.uint8)
    eight = judged(train, image.fromarray(grey))
    white = judged(train, image.new("L", (8, 8), 255))
    levels = grey.astype(np.int32 if mode == "I" else np.uint16) * 257
    sixteen = image.fromarray(levels.astype(">u2" if mode == "I;16B" else levels.dtype))
    assert sixteen.mode == mode
    assert judged(train, sixteen, "photo.tif") == eight != white


def test_a_photo_of_other_numbers_is_refused(train, photo):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    train("--iterations", "1")
    for levels in (np.array([[0.0, 2e5]], np.float32), np.array([[-3, 70_000]], np.int32)):
        with pytest.raises(
            SystemExit, match=r"photo\.tif has numbers from .*; save it with 8 bits"
        ):
            judged(train, image.fromarray(levels), "photo.tif")


def test_a_photo_of_too_many_pixels_is_refused(train, photo, monkeypatch):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    monkeypatch.setattr(image, "MAX_IMAGE_PIXELS", 31)
    with pytest.raises(SystemExit, match=r"photo\.png has more than 62 pixels; save it smaller$"):
        train("--predict", photo)
    monkeypatch.setattr(image, "MAX_IMAGE_PIXELS", 40)  # 63 are many, and are read without a word
    assert "photo.png: " in train("--iterations", "1", "--predict", photo)


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tif"])
def test_a_photo_of_which_a_part_is_missing_is_named(train, tmp_path, kind):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    torn = tmp_path / f"torn.{kind}"
    image.fromarray(noise).save(torn)
    torn.write_bytes(torn.read_bytes()[:1500])
    with pytest.raises(SystemExit, match=rf"^cat_classifier: torn\.{kind} is no whole picture: "):
        train("--predict", torn.name)


def test_images_that_are_no_squares_in_colours(plots, train, tmp_path, photo):
    for part in ("train", "test"):
        path = tmp_path / f"{part}_images.csv"
        rows = [line.rpartition(",")[0] for line in path.read_text().splitlines()]
        path.write_text("\n".join(rows) + "\n")
    said = train("--layers", "47,1", "--iterations", "1")
    assert "no test_images.png: 47 numbers make no square image in colours" in said
    assert "test_images.png" not in said.partition("written: ")[2]
    with pytest.raises(SystemExit, match="--predict: 47 inputs are no square image in colours"):
        train("--predict", photo, base=OUT)


@pytest.mark.parametrize(
    ("photo", "said"),
    [("missing.jpg", "No such file or directory: 'missing.jpg'"), ("train_images.csv", "identify")],
)
def test_a_photo_that_cant_be_read_is_said_before_the_training(train, tmp_path, photo, said):
    pytest.importorskip("PIL", reason="photos are read with Pillow")
    with pytest.raises(SystemExit, match=said):
        train("--predict", photo)
    assert not (tmp_path / "out").exists()


def test_without_pillow_a_photo_is_refused_before_the_training(train, monkeypatch, tmp_path):
    without(monkeypatch, "PIL")
    with pytest.raises(SystemExit, match=r"--predict needs Pillow: pip install -e '.\[examples\]'"):
        train("--predict", "photo.png")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--layers", "12,4,1"], "--layers begins with 12, but an image has 48 numbers"),
        (["--layers", "12,x"], "expected whole numbers with commas between, such as 12288,20,7,5,"),
        (["--iterations", "-1"], "--iterations is at least 0, got -1"),
        (["--resume"], "--resume: there is no .* to go on from"),
        (["--data", "nowhere"], "nowhere does not exist; give the folder that holds train_images"),
        (["--learning-rate", "0"], "SGD: lr is a number above 0, got 0.0"),
        (["--predict", "train_images.csv", "--layers", "30,1"], "30 inputs are no square image"),
        (["--wrong"], "unrecognized arguments: --wrong"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(train, tmp_path, arguments, said):
    if "--predict" in arguments:
        pytest.importorskip("PIL", reason="photos are read with Pillow")
    with pytest.raises(SystemExit, match=f"^cat_classifier: .*{said}"):
        train(*arguments)
    assert not (tmp_path / "out").exists()


def test_a_rate_that_is_too_large_is_said_in_one_line(train, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"^cat_classifier: fit: the cost is .*smaller learning"):
        train("--learning-rate", "1e9", "--layers", "48,4,1")
    assert "Warning" not in capsys.readouterr().err
    assert not (tmp_path / "out" / "weights.npz").exists()


def test_it_films_the_training(train):
    assert "out/training.html" in train("--film", "--iterations", "3").replace("\\", "/")
    assert "The cat classifier learns" in Path("out/training.html").read_text(encoding="utf-8")
    assert '"sides":[4,4,4,3]' in Path("out/training.html").read_text(encoding="utf-8")
