"""Draws the cat classifier before its first step, a card a layer, in English and Spanish."""

from pathlib import Path

import nn
from microtensor import Tensor, draw

cats = nn.datasets.drawn_cats()
X = Tensor(cats.train_images / 255, name="X")
y = Tensor(cats.train_labels, name="y")

model = nn.CatClassifier(rng=1)
L = nn.BCELoss()(model(X), y)

pictures = Path(__file__).parent / "pictures"
for folder, language in (pictures, "en"), (pictures / "es", "es"):
    for theme, end in ("light", ""), ("dark", "-dark"):
        picture = draw(L, names={"L": L}, theme=theme, language=language)
        print(picture.save(folder / f"network{end}.svg"))
