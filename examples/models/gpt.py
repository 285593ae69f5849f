"""A tiny GPT (Vaswani et al. 2017, layer norm first) learns to spell words backwards.

Readings: `draw`; and where it looks is taken out of `Graph`, which has all that was computed.
"""

import gallery
import numpy as np

import nn
from microtensor import Graph, draw, softmax

LETTERS, LENGTH = "abcdefgh", 6
T = 2 * LENGTH - 1  # it sees a word and all but the last letter of its mirror image
AHEAD = np.triu(np.full((T, T), -1e9), 1)  # added to the scores: nobody looks ahead


class Block(nn.Module):
    """Attention, which brings places together; then a small network for each place alone."""

    def __init__(self, d, heads, rng):
        self.norm1, self.norm2, self.heads = nn.LayerNorm(d), nn.LayerNorm(d), heads
        self.qkv, self.mix = nn.Linear(d, 3 * d, rng=rng), nn.Linear(d, d, rng=rng)
        wide, narrow = nn.Linear(d, 4 * d, rng=rng), nn.Linear(4 * d, d, rng=rng)
        self.mlp = nn.Sequential(wide, nn.GELU("tanh"), narrow)

    def forward(self, x):
        n, t, d = x.shape
        parts = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, -1)
        q, k, v = parts.transpose(2, 0, 3, 1, 4)
        looks = softmax(q @ k.mT / np.sqrt(d // self.heads) + AHEAD[:t, :t], -1)
        x = x + self.mix((looks @ v).swapaxes(1, 2).reshape(n, t, d))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """For letters (n, t), as numbers, the logits of what comes after each (n, t, 8)."""

    def __init__(self, d, heads, layers, rng):
        self.what, self.where = (nn.Embedding(n, d, rng=rng) for n in (len(LETTERS), T))
        self.blocks = nn.Sequential(*(Block(d, heads, rng) for _ in range(layers)))
        self.head = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, len(LETTERS), rng=rng))

    def forward(self, X):
        return self.head(self.blocks(self.what(X) + self.where(np.arange(X.shape[1]))))


def model(d=32, heads=2, layers=2, rng=0):
    return GPT(d, heads, layers, np.random.default_rng(rng))


def data(count=64, rng=0):
    """Words with their mirror images, all but the last letter, and the mirror images alone."""
    words = np.random.default_rng(rng).integers(0, len(LETTERS), (count, LENGTH))
    return np.concatenate([words, words[:, :0:-1]], axis=1), words[:, ::-1]


def cost(net, X, Y):
    return nn.CrossEntropyLoss()(net(X)[:, LENGTH - 1 :], Y)


def train(steps=400):
    return gallery.train(model(), cost, steps, lambda k: data(rng=k), lr=0.003, optimizer=nn.AdamW)


def main():
    out = gallery.folder(__doc__)
    net, costs = train()
    X, Y = data(500, rng=10**6)
    right = (net(X)[:, LENGTH - 1 :].numpy().argmax(axis=-1) == Y).all(axis=1).mean()
    print(f"cost {costs[-1]:.4f}; {right:.1%} of new words are spelt backwards without a mistake")
    gallery.picture(out / "gpt.svg", draw(cost(net, X[:64], Y[:64]), collapse=3))

    looks = [node.value[0] for node in Graph.of(net(X[:1])).nodes if node.rule == "softmax"]
    titles = [f"block {k}, head {j}: what each row looks at" for k in (1, 2) for j in (1, 2)]
    word = [LETTERS[k] for k in X[0]]
    gallery.images(out / "gpt.png", np.concatenate(looks), 4, titles, word, size=(3.2, 3.7))


if __name__ == "__main__":
    main()
