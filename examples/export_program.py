"""Writes the cat classifier as a NumPy program, for NumPy and for JAX: no engine in it."""

from pathlib import Path

import numpy as np

import nn
from microtensor import Tensor, to_source

X = Tensor(np.random.default_rng(0).uniform(size=(209, 12288)), name="X")
y = Tensor(np.arange(209.0)[:, None] % 2, name="y")
cost = nn.BCELoss()(nn.CatClassifier(rng=1)(X), y)

folder = Path(__file__).parent / "programs"
folder.mkdir(exist_ok=True)
for xp, name in (("numpy", "cat_classifier.py"), ("jax.numpy", "cat_classifier_jax.py")):
    (folder / name).write_text(to_source(cost, names={"cost": cost}, xp=xp))
    print(folder / name)
