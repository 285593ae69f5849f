"""Names that nobody has, letter by letter: embedding, batch norm, and one hidden layer.

After Bengio et al. 2003, "A Neural Probabilistic Language Model", and Karpathy's makemore.
Reading: `draw` shows how three letters become three points, and one layer.
"""

import gallery
import numpy as np

import nn
from microtensor import draw, no_grad

NAMES = """anna bella carla dora elena fiona gina hanna irina julia karla lena maria nina olga paula
rita sara tina ursula vera wanda zora adam boris carlo david emil felix georg hugo igor jonas karl
leon martin nils oscar peter robin simon tomas urban victor walter anton bruno daniel eric frank
gustav hector ivan jan kevin lars marco nora rosa simona tamara valeria""".split()
LETTERS = [".", *sorted(set("".join(NAMES)))]  # the dot stands before a name and ends it
CONTEXT = 3


def data():
    """The three letters before each (n, 3), and the letter itself (n,), as numbers."""
    numbers = [[LETTERS.index(x) for x in CONTEXT * "." + name + "."] for name in NAMES]
    pairs = [(x[k : k + CONTEXT], x[k + CONTEXT]) for x in numbers for k in range(len(x) - CONTEXT)]
    return tuple(np.array(part) for part in zip(*pairs, strict=True))


def model(hidden=64, rng=0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Embedding(len(LETTERS), 2, rng=rng),  # a letter is a point of the plane
        nn.Flatten(),
        nn.Linear(2 * CONTEXT, hidden, bias=False, rng=rng),  # batch norm brings its own
        nn.BatchNorm(hidden),
        nn.Tanh(),
        nn.Linear(hidden, len(LETTERS), rng=rng),
    )


def cost(net, X, Y):
    return nn.CrossEntropyLoss()(net(X), Y)


def train(steps=1500, size=32):
    return gallery.train(model(), cost, steps, gallery.some(data(), size), lr=0.01)


@no_grad()
def invent(net, rng):
    """A name, each letter drawn as the network finds it likely."""
    numbers = [0] * CONTEXT
    while len(numbers) == CONTEXT or (numbers[-1] and len(numbers) < 16):
        likely = net(np.array([numbers[-CONTEXT:]])).softmax(-1).numpy()[0]
        numbers.append(rng.choice(len(LETTERS), p=likely))
    return "".join(LETTERS[k] for k in numbers).strip(".")


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    gallery.picture(out / "makemore.svg", draw(cost(net, *data())))
    net.eval()  # from here on by the running mean and variance
    print(f"cost {costs[0]:.2f} at first, {np.mean(costs[-50:]):.2f} at the end; invented:")
    print(*(invent(net, np.random.default_rng(seed)) for seed in range(10)))

    def letters(axes):
        points = net[0].weight.data
        axes.scatter(*points.T, color="none")
        for letter, point in zip(LETTERS, points, strict=True):
            color = "tab:red" if letter in "aeiou" else "black"
            axes.text(*point, letter, color=color, size=14, ha="center", va="center")
        axes.set(title="where each letter was put (vowels are red)", aspect="equal")

    gallery.figure(out / "makemore.png", letters, size=(5, 5))


if __name__ == "__main__":
    main()
