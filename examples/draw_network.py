"""Draws the cat classifier before its first step, a card for each layer."""

from pathlib import Path

import nn
from microtensor import Tensor, draw

cats = nn.datasets.drawn_cats()
X = Tensor(cats.train_images / 255, name="X")
y = Tensor(cats.train_labels, name="y")

model = nn.CatClassifier(rng=1)
L = nn.BCELoss()(model(X), y)

pictures = Path(__file__).parent / "pictures"
print(draw(L, names={"L": L}).save(pictures / "network.svg"))
print(draw(L, names={"L": L}, theme="dark").save(pictures / "network-dark.svg"))
