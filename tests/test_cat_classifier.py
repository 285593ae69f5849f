"""examples/cat_classifier.py: what it writes, how it goes on, and what it refuses."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parent.parent / "examples" / "cat_classifier.py"


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("cat_classifier_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def train(main, tmp_path, monkeypatch, capsys):
    """Runs it on pictures of 4 x 4; what it printed."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        images, labels = rng.integers(0, 256, (9, 48)), rng.integers(0, 2, (9, 1))
        np.savetxt(f"{part}_images.csv", images, fmt="%d", delimiter=",")
        np.savetxt(f"{part}_labels.csv", labels, fmt="%d", delimiter=",")

    def running(*arguments):
        main(["--data", ".", "--layers", "48,4,1", "--out", "out", *arguments])
        return capsys.readouterr().out

    return running


def without(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)


def test_it_names_what_it_has_written_and_nothing_else(train, tmp_path):
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


def test_without_matplotlib_it_says_what_is_missing(train, monkeypatch, tmp_path):
    without(monkeypatch, "matplotlib")
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


def test_a_photo(train, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="photos are read with Pillow")
    image.new("RGB", (9, 7), "orange").save("photo.png")
    first = train("--iterations", "1", "--predict", "photo.png").splitlines()[-1]
    assert first.startswith("photo.png: ")
    assert first.partition(", probability ")[2]
    again = train("--predict", "photo.png")  # the weights are there
    assert again == f"with the weights of {Path('out', 'weights.npz')}:\n{first}\n"


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
        (["--wrong"], "unrecognized arguments: --wrong"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(train, tmp_path, arguments, said):
    with pytest.raises(SystemExit, match=f"^cat_classifier: .*{said}"):
        train(*arguments)
    assert not (tmp_path / "out").exists()
