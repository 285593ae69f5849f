"""The cat classifier, layer by layer, before its first step of training."""

import nn
from microtensor import Tensor, explain, page

cats = nn.datasets.drawn_cats()
X = Tensor(cats.train_images / 255)
y = Tensor(cats.train_labels)

model = nn.CatClassifier(rng=1)
L = nn.BCELoss()(model(X), y)

TEXT = """
209 drawings of 12288 numbers each go through layers of 20, 7, 5 and 1 neurons, and the loss says
how wrong the answers are. A card is a layer: its weights W, biases b, sums Z and activations A,
each as a histogram and as its root mean square (RMS), and their gradients beside them.

Go forward to the loss, then back. A layer takes from the gradient that arrives the gradients of
its own weights and biases, and sends the rest to the layer before it.
"""
QUESTIONS = {
    "Two units are called dead. What does that mean?": "Their relus are closed for every drawing. "
    "No gradient comes back through them, so their weights stand still.",
    "Where are most of the parameters?": "In the first layer: 12288 · 20 weights and 20 biases, "
    "245,780 of 245,973.",
    "Does a smaller gradient always mean a smaller change?": "No: what counts is how large it is "
    "beside the weights that it changes. Each card notes that share: gradient / value.",
}

page(L, "lessons/7-cats.html", vars(), title="7. Cats", text=TEXT, questions=QUESTIONS)
print(explain(L, names=vars()))
