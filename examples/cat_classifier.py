"""Trains the 4-layer cat classifier, and shows what it learnt.

    python examples/cat_classifier.py               drawings of cats, which ship with the project
    python examples/cat_classifier.py --data DIR    the tutorial's four CSV files
    python examples/cat_classifier.py --predict photo.jpg

It writes costs.csv, costs.png, test_images.png, weights.npz and graph.svg into --out, and with
--film training.html, a page with a slider over the iterations.
"""

import argparse
import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

import microtensor
import nn

KAGGLE = "martaarroyo/pixelpurr-small-size-catnot-cat-image-dataset"
EXTRAS = "pip install -e '.[examples]'"
DEFAULTS = {
    "layers": (12288, 20, 7, 5, 1),
    "learning_rate": 0.0075,
    "iterations": 2500,
    "seed": 1,
    "dtype": "float64",
}
DRAWN = "drawn cats"
FILM, TITLE = "training.html", "The cat classifier learns"
ABOUT = "history/about"  # in a checkpoint


def main(arguments=None):
    options = read_options(arguments)
    try:
        run(options)
    except (ValueError, OSError, FloatingPointError) as error:
        stop(error)


def run(options):
    weights = options.out / "weights.npz"
    if options.resume and not weights.exists():
        stop(f"--resume: there is no {weights} to go on from")
    old = known(weights) if weights.exists() and (options.resume or options.predict) else None
    new = old is None or options.resume
    cats, name = load(options) if new or options.data or options.kaggle else (None, None)
    if old is not None:
        refuse_others(options, weights, old, cats, name)
    setting = DEFAULTS | (old["setting"] if old else {}) | given(options)
    model = nn.CatClassifier(setting["layers"], rng=setting["seed"], dtype=setting["dtype"])
    optimizer = nn.SGD(model.parameters(), lr=setting["learning_rate"])
    photo = read_photo(options.predict, model) if options.predict else None
    if not new:
        judge(model, nn.load(weights, model), options, photo, f"the weights of {weights}")
        return
    history = nn.load(weights, model, optimizer) if options.resume else nn.History()

    for part, array in zip(cats._fields, cats, strict=True):
        print(f"{part.replace('_', ' ')}: {array.shape}")
    X, test_X = (
        (images / 255).astype(setting["dtype"]) for images in (cats.train_images, cats.test_images)
    )
    Y = cats.train_labels.astype(setting["dtype"])
    if model.layers_dims[0] != X.shape[1]:
        stop(f"--layers begins with {model.layers_dims[0]}, but an image has {X.shape[1]} numbers")
    options.out.mkdir(parents=True, exist_ok=True)

    print(model)
    left = max(0, setting["iterations"] - len(history.costs))
    if options.resume:
        print(f"iterations done: {len(history.costs)}; left of --iterations: {left}")
    note(history, setting, name, cats, left)
    with np.errstate(all="ignore"):  # fit says it in its own words
        films = [film(options.out / FILM, X)] if options.film else []
        nn.fit(model, X, Y, iterations=left, optimizer=optimizer, history=history, callbacks=films)
    print(f"training accuracy: {nn.accuracy(model, X, Y):.4f}")
    print(f"test accuracy: {nn.accuracy(model, test_X, cats.test_labels):.4f}")

    nn.save(weights, model, optimizer, history)
    costs = options.out / "costs.csv"
    write_costs(history, costs)
    plots = plot(history, cats, model, test_X, options.out)
    graph = draw(model, X, Y, options.out)
    written = [weights, costs, *plots, graph, *([options.out / FILM] if options.film else [])]
    print(f"written: {', '.join(map(str, written))}")
    if options.predict:
        judge(model, history, options, photo, "what was learnt")


def given(options):
    """What the command line says of the training."""
    return {name: value for name in DEFAULTS if (value := getattr(options, name)) is not None}


def known(weights):
    """What a file of weights says of the training that made them; older ones say less."""
    try:
        with np.load(weights) as arrays:
            about = json.loads(arrays[ABOUT].tobytes()) if ABOUT in arrays else {}
            names = [f"model/layer{k}.layers.0.weight" for k in range(1, len(arrays.files))]
            matrices = [arrays[name] for name in names if name in arrays]
            about["iterations"] = len(arrays["history/costs"])
        about["layers"] = (matrices[0].shape[1], *(len(matrix) for matrix in matrices))
        about["dtype"] = matrices[0].dtype.name
        rates = about.get("rates", [])
    except Exception:  # whatever damaged bytes can lead to
        stop(f"{weights} is no whole checkpoint of a cat classifier; move it, or say another --out")
    if len(rates) == 1:
        about["learning_rate"] = rates[0]
    about["setting"] = {name: about[name] for name in ("layers", "dtype")}
    if rates:
        about["setting"]["learning_rate"] = rates[-1]
    return about


def refuse_others(options, weights, old, cats, data):
    """Ends it where the weights that are there are not those that are asked for."""
    asked, was = given(options), dict(old)
    if options.resume:  # which may go on at another rate, and further; what older ones don't say
        asked = {k: v for k, v in asked.items() if k not in ("learning_rate", "iterations")}
    if cats is not None:
        asked["data"] = data
        if old.get("fingerprint") == fingerprint(cats):  # wherever it lies now
            was["data"] = data
    for name, value in asked.items():
        if was.get(name) != value and (name in was or not options.resume):
            told = f"was made with {spoken(name, was[name])}" if name in was else "doesn't say all"
            stop(
                f"{weights} {told}, and {spoken(name, value)} is asked for; leave that out, or "
                "train others with another --out"
            )


def spoken(name, value):
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{name.replace('_', ' ')} {printable(text)}"


def printable(text):
    """What a file says, without control characters."""
    return text if text.isprintable() else ascii(text)


def fingerprint(cats):
    """Tells the images and labels that are learnt from others."""
    parts = (cats.train_images, cats.train_labels)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def note(history, setting, name, cats, left):
    """What the weights will say of their training."""
    about, rate = history.about, setting["learning_rate"]
    if not history.costs:  # of those that an older version began, it isn't known
        about |= {"data": name, "fingerprint": fingerprint(cats), "seed": setting["seed"]}
    if left and rate not in about.setdefault("rates", [])[-1:]:
        about["rates"].append(rate)


def read_options(arguments):
    """The command line, checked; what is wrong is said in one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.error = stop
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="DIR", help="folder of the four CSV files")
    source.add_argument("--kaggle", action="store_true", help="fetch the real images from Kaggle")
    parser.add_argument("--layers", type=numbers, metavar="N,...,1")
    parser.add_argument("--learning-rate", type=float, metavar="RATE")
    parser.add_argument("--iterations", type=int, metavar="N", help="how many in all")
    parser.add_argument("--seed", type=int, metavar="N", help="of the first weights")
    parser.add_argument("--dtype", choices=("float64", "float32"))
    parser.add_argument("--out", type=Path, default=Path("cats"), metavar="DIR")
    parser.add_argument("--predict", type=Path, metavar="IMAGE", help="a picture of your own")
    parser.add_argument("--film", action="store_true", help="film the training")
    parser.add_argument("--resume", action="store_true", help="go on from the weights in --out")
    options = parser.parse_args(arguments)
    if options.iterations is not None and options.iterations < 0:
        stop(f"--iterations is at least 0, got {options.iterations}")
    return options


def numbers(text):
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        wanted = "whole numbers with commas between, such as 12288,20,7,5,1"
        raise argparse.ArgumentTypeError(f"expected {wanted}; got {text!r}") from None


def stop(reason):
    sys.exit(f"cat_classifier: {reason}")


def load(options):
    """The images, the user's, Kaggle's, or the drawn ones, and what to call them."""
    if options.data or options.kaggle:
        folder = options.data or fetch()
        return nn.datasets.load_cats(folder), f"the images in {folder.resolve()}"
    print(
        "training on drawn cats; for the real images fetch the Kaggle data set "
        f"{KAGGLE} (--kaggle does it) and say --data DIR"
    )
    return nn.datasets.drawn_cats(), DRAWN


def film(path, X):
    """The callback that films the training, with the first layer's weights as images."""
    side = side_of(X.shape[1])
    return microtensor.film(path, image_shape=(side, side, 3) if side else None, title=TITLE)


def fetch():
    """The folder into which kagglehub put the real images."""
    try:
        import kagglehub
    except ImportError:
        stop("--kaggle needs kagglehub: pip install -e '.[kaggle]'")
    try:
        folder = Path(kagglehub.dataset_download(KAGGLE))
    except Exception as error:
        stop(f"--kaggle: can't fetch {KAGGLE} ({type(error).__name__}); is there a network?")
    return next((path.parent for path in folder.rglob("train_images.csv")), folder)


def write_costs(history, path):
    rows = enumerate(history.costs)
    path.write_text("iteration,cost\n" + "".join(f"{i},{cost!r}\n" for i, cost in rows))


def plot(history, cats, model, test_X, out):
    """The cost over the iterations, and every test image with what the model says of it: files."""
    try:
        import matplotlib
    except ImportError:
        print(f"costs.png and test_images.png need matplotlib: {EXTRAS}")
        return []
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(history.costs)
    axes.set(xlabel="iteration", ylabel="cost", title="cost over the training")
    figure.savefig(out / "costs.png", dpi=150)
    plt.close(figure)

    side = side_of(test_X.shape[1])
    if side is None:
        print(f"no test_images.png: {test_X.shape[1]} numbers make no square image in colours")
        return [out / "costs.png"]
    images = cats.test_images.reshape(-1, side, side, 3)
    with microtensor.no_grad():
        chances = model(test_X).numpy()[:, 0]
    columns = 10
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(12, 1.45 * rows), layout="constrained", squeeze=False
    )
    for panel in grid.flat:
        panel.axis("off")
    for panel, image, chance, label in zip(
        grid.flat, images, chances, cats.test_labels[:, 0], strict=False
    ):
        right = (chance > 0.5) == label
        panel.imshow(image)
        says = f"cat {chance:.0%}" if chance > 0.5 else f"not {1 - chance:.0%}"
        truth = "" if right else f"\nwrong: {'a cat' if label else 'not a cat'}"
        panel.set_title(says + truth, fontsize=8, color="black" if right else "#b3261e")
    figure.savefig(out / "test_images.png", dpi=100)
    plt.close(figure)
    return [out / "costs.png", out / "test_images.png"]


def draw(model, X, labels, out):
    """The graph from the images to the cost: a file."""
    images = microtensor.Tensor(X, name="images")
    labels = microtensor.Tensor(labels, name="labels")
    cost = nn.BCELoss()(model(images), labels)
    picture = microtensor.draw(cost, names={"cost": cost})
    try:
        return picture.save(out / "graph.svg")
    except microtensor.NoRenderer as error:
        print(f"graph.dot instead of graph.svg: {error}")
        return picture.save(out / "graph.dot")


def side_of(numbers):
    """The side of a square image of so many numbers, three to a pixel; None where there is none."""
    side = round((numbers / 3) ** 0.5)
    return side if 3 * side**2 == numbers else None


def read_photo(path, model):
    """A picture of the user's, as the model takes it."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        stop(f"--predict needs Pillow: {EXTRAS}")
    side = side_of(model.layers_dims[0])
    if side is None:
        stop(f"--predict: {model.layers_dims[0]} inputs are no square image in colours")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the error is enough
            with Image.open(path) as image:
                image = eight_bits(path, ImageOps.exif_transpose(image))
    except Image.DecompressionBombError:
        stop(f"{path} has more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels; save it smaller")
    except OSError as error:
        said = str(error)  # of a torn file Pillow doesn't say which
        stop(said if str(path) in said else f"{path} is no whole picture: {said}")
    return np.asarray(image.convert("RGB").resize((side, side))).reshape(1, -1) / 255


def eight_bits(path, image):
    """An image of at most 8 bits a colour: converting one of 16 would make it white."""
    from PIL import Image

    if image.mode[0] not in "IF":
        return image
    levels = np.asarray(image)
    if image.mode == "F" or levels.min() < 0 or levels.max() > 65535:
        stop(f"{path} has numbers from {levels.min():g} to {levels.max():g}; save it with 8 bits")
    return Image.fromarray((levels // 257).astype(np.uint8))


def judge(model, history, options, photo, whose):
    """Says whether the picture shows a cat, and what the model knows."""
    rates = ", then ".join(map(str, history.about.get("rates", []))) or "unknown"
    data = printable(str(history.about.get("data", "unknown")))
    print(f"with {whose} (data: {data}; iterations: {len(history.costs)}; learning rate: {rates}):")
    if data == DRAWN:
        print("drawings teach little of photos; --data DIR or --kaggle trains on real images")
    with microtensor.no_grad():
        chance = model(photo).item()
    answer = f"cat, probability {chance:.4f}"
    print(f"{options.predict}: {answer if chance > 0.5 else 'not a ' + answer}")


if __name__ == "__main__":
    main()
