"""What the models share: the training loop, figures, pictures, where files go, drawn digits."""

import argparse
from pathlib import Path

import numpy as np

import nn
from microtensor import NoRenderer, compile

FONT = """3E4141413E 00427F4000 4261514946 2141454B31 1814127F10
          2745454539 3C4A494930 0171090503 3649494936 064949291E"""


def folder(description):
    """Where the files go, as the command line says: --out DIR, else ./gallery."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("gallery"), metavar="DIR")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    return out


def train(net, cost, steps, batch, lr, optimizer=nn.Adam):
    """Takes so many steps, step k down the gradient of cost(net, *batch(k)): net, and all costs."""
    optimizer = optimizer(net.parameters(), lr=lr)
    step = compile(lambda *inputs: cost(net, *inputs))  # gives a number, and leaves gradients
    costs = []
    for k in bar(steps):
        optimizer.zero_grad()
        costs.append(step(*batch(k)))
        optimizer.step()
    return net, costs


def bar(steps):
    """The numbers from 0 to steps - 1, with a progress bar where tqdm is installed."""
    try:
        from tqdm import trange
    except ImportError:
        return range(steps)
    return trange(steps, desc="training")


def some(arrays, size, axis=0):
    """A function of k: `size` examples of the arrays, drawn anew for each k, the same each time."""

    def batch(k):
        rows = np.random.default_rng(k).integers(0, arrays[0].shape[axis], size)
        return [array.take(rows, axis) for array in arrays]

    return batch


def figure(path, draw, columns=1, rows=1, size=(4.5, 4)):
    """Writes what `draw(*axes)` draws on so many axes, each of this size in inches."""
    try:
        import matplotlib
    except ImportError:
        print("no figure: it needs matplotlib (pip install matplotlib)")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    inches = (columns * size[0], rows * size[1])
    whole, axes = plt.subplots(rows, columns, figsize=inches, layout="constrained", squeeze=False)
    draw(*axes.flat)
    whole.savefig(path, dpi=120)
    plt.close(whole)
    print(f"figure: {path}")


def images(path, arrays, columns, titles=(), ticks=(), size=(1, 1.2)):
    """Writes arrays (n, m) as pictures side by side, so many in a row, on one scale of colours."""

    top, below = np.abs(arrays).max(), np.min(arrays) < 0
    look = {"cmap": "RdBu_r" if below else "gray_r", "vmin": -top if below else 0, "vmax": top}

    def draw(*axes):
        for axis, array in zip(axes, arrays, strict=False):
            axis.imshow(array, **look)
            axis.set(xticks=[], yticks=[])
        for axis, title in zip(axes, titles, strict=False):
            axis.set_title(title, size=9)
        for axis in axes if len(ticks) else ():
            axis.set_xticks(range(len(ticks)), ticks)

    figure(path, draw, columns, -(-len(arrays) // columns), size)


def picture(path, drawn):
    """Writes what `microtensor.draw` gave; without Graphviz, its source."""
    try:
        drawn.save(path)
        print(f"picture: {path}")
    except NoRenderer as error:
        print(error)


def digits(count, rng, noise=0.2, centred=False):
    """Images (count, 8, 8) from 0 to 1, and what they show (count,): 0 to 9.

    Each is a digit of a bitmap font, put anywhere or centred, more or less bold, with noise.
    """
    columns = np.array([list(bytes.fromhex(word)) for word in FONT.split()], np.uint8)
    glyphs = np.unpackbits(columns[:, :, None], axis=2, bitorder="little").swapaxes(1, 2)
    labels = rng.integers(0, 10, count)
    images = np.zeros((count, 8, 8))
    for image, label in zip(images, labels, strict=True):
        top, left = (0, 1) if centred else (rng.integers(0, 2), rng.integers(0, 4))
        image[top : top + 7, left : left + 5] = glyphs[label][:7]
    images *= rng.uniform(0.6, 1, (count, 1, 1))
    return np.clip(images + noise * rng.standard_normal(images.shape), 0, 1), labels
