"""Draws one neuron, L = log(sigmoid(w x + b)): the picture at the head of the README."""

from pathlib import Path

from microtensor import Tensor, draw

w = Tensor(-2.0, requires_grad=True)
b = Tensor(4.0, requires_grad=True)
x = Tensor(3.0)

p = w * x
z = p + b
s = z.sigmoid()
L = s.log()

picture = draw(L, names=vars())
picture.save(Path(__file__).parent / "pictures" / "neuron.svg")
