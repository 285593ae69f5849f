"""Draws y = a a + a c, where three paths lead from a to y: their contributions add up."""

from pathlib import Path

from microtensor import Tensor, draw

a = Tensor(2.0, requires_grad=True)
c = Tensor(-3.0, requires_grad=True)

p = a * a
q = a * c
y = p + q

pictures = Path(__file__).parent / "pictures"
print(draw(y, names=vars()).save(pictures / "paths.svg"))
print(draw(y, names=vars(), theme="dark").save(pictures / "paths-dark.svg"))
