"""Draws one neuron, L = log(sigmoid(w x + b)): the picture at the head of the README."""

from pathlib import Path

from microtensor import Tensor, draw

w = Tensor(-2.0, requires_grad=True, name="w")
b = Tensor(4.0, requires_grad=True, name="b")
x = Tensor(3.0, name="x")
L = (w * x + b).sigmoid().log()
L.name = "L"

picture = draw(L)
picture.save(Path(__file__).parent / "pictures" / "neuron.svg")
