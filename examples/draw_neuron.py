"""Draws one neuron, L = log(sigmoid(w x + b)), for light and dark pages: the README's head."""

from pathlib import Path

from microtensor import Tensor, draw

w = Tensor(-2.0, requires_grad=True)
b = Tensor(4.0, requires_grad=True)
x = Tensor(3.0)

p = w * x
z = p + b
s = z.sigmoid()
L = s.log()

pictures = Path(__file__).parent / "pictures"
print(draw(L, names=vars()).save(pictures / "neuron.svg"))
print(draw(L, names=vars(), theme="dark").save(pictures / "neuron-dark.svg"))
