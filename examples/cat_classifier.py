"""Trains the 4-layer cat classifier, and shows what it learnt.

    python examples/cat_classifier.py               drawings of cats, which ship with the project
    python examples/cat_classifier.py --data DIR    the tutorial's four CSV files
    python examples/cat_classifier.py --predict photo.jpg

It writes costs.csv, costs.png, test_images.png, weights.npz and graph.svg into --out.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import microtensor
import nn

KAGGLE = "martaarroyo/pixelpurr-small-size-catnot-cat-image-dataset"
EXTRAS = "pip install -e '.[examples]'"


def main(arguments=None):
    options = read_options(arguments)
    try:
        run(options)
    except (ValueError, OSError) as error:
        stop(error)


def run(options):
    model = nn.CatClassifier(options.layers, rng=options.seed, dtype=options.dtype)
    optimizer = nn.SGD(model.parameters(), lr=options.learning_rate)
    weights = options.out / "weights.npz"
    photo = read_photo(options.predict, model) if options.predict else None
    if options.predict and weights.exists() and not options.resume:
        nn.load(weights, model)
        print(f"with the weights of {weights}:")
        predict(model, options.predict, photo)
        return
    if options.resume and not weights.exists():
        stop(f"--resume: there is no {weights} to go on from")
    history = nn.load(weights, model, optimizer) if options.resume else nn.History()

    cats = load(options)
    for name, array in zip(cats._fields, cats, strict=True):
        print(f"{name.replace('_', ' ')}: {array.shape}")
    X, test_X = (
        (images / 255).astype(options.dtype) for images in (cats.train_images, cats.test_images)
    )
    Y = cats.train_labels.astype(options.dtype)
    if options.layers[0] != X.shape[1]:
        stop(f"--layers begins with {options.layers[0]}, but an image has {X.shape[1]} numbers")
    options.out.mkdir(parents=True, exist_ok=True)

    print(model)
    left = max(0, options.iterations - len(history.costs))
    nn.fit(model, X, Y, iterations=left, optimizer=optimizer, history=history)
    print(f"training accuracy: {nn.accuracy(model, X, Y):.4f}")
    print(f"test accuracy: {nn.accuracy(model, test_X, cats.test_labels):.4f}")

    nn.save(weights, model, optimizer, history)
    costs = options.out / "costs.csv"
    write_costs(history, costs)
    plots = plot(history, cats, model, test_X, options.out)
    graph = draw(model, X, Y, options.out)
    print(f"written: {', '.join(map(str, [weights, costs, *plots, graph]))}")
    if options.predict:
        predict(model, options.predict, photo)


def read_options(arguments):
    """The command line, checked; what is wrong is said in one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.error = stop
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="DIR", help="folder of the four CSV files")
    source.add_argument("--kaggle", action="store_true", help="fetch the real images from Kaggle")
    parser.add_argument("--layers", type=numbers, default=(12288, 20, 7, 5, 1), metavar="N,...,1")
    parser.add_argument("--learning-rate", type=float, default=0.0075, metavar="RATE")
    parser.add_argument("--iterations", type=int, default=2500, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first weights")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--out", type=Path, default=Path("cats"), metavar="DIR")
    parser.add_argument("--predict", type=Path, metavar="IMAGE", help="a picture of your own")
    parser.add_argument("--resume", action="store_true", help="go on from the weights in --out")
    options = parser.parse_args(arguments)
    if options.iterations < 0:
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
    """The images: the user's, Kaggle's, or the drawn ones."""
    if options.data:
        return nn.datasets.load_cats(options.data)
    if options.kaggle:
        return nn.datasets.load_cats(fetch())
    print(
        "training on drawn cats; for the real images fetch the Kaggle data set "
        f"{KAGGLE} (--kaggle does it) and say --data DIR"
    )
    return nn.datasets.drawn_cats()


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

    side = round((test_X.shape[1] / 3) ** 0.5)
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


def read_photo(path, model):
    """A picture of the user's, as the model takes it."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        stop(f"--predict needs Pillow: {EXTRAS}")
    side = round((model.layers_dims[0] / 3) ** 0.5)
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("RGB").resize((side, side))
    return np.asarray(image).reshape(1, -1) / 255


def predict(model, path, photo):
    """Says whether the picture shows a cat."""
    with microtensor.no_grad():
        chance = model(photo).item()
    answer = f"cat, probability {chance:.4f}"
    print(f"{path}: {answer if chance > 0.5 else 'not a ' + answer}")


if __name__ == "__main__":
    main()
