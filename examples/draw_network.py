"""Draws the cat classifier before its first step, a card for each layer."""

from pathlib import Path

import nn
from microtensor import Tensor, draw

cats = nn.datasets.drawn_cats()
X = Tensor(cats.train_images / 255, name="X")
y = Tensor(cats.train_labels, name="y")

model = nn.CatClassifier(rng=1)
L = nn.BCELoss()(model(X), y)

picture = draw(L, names={"L": L})
picture.save(Path(__file__).parent / "pictures" / "network.svg")
