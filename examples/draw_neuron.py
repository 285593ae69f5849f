"""Draws one neuron, L = log(sigmoid(w x + b)), light and dark, in English and Spanish."""

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
for folder, language in (pictures, "en"), (pictures / "es", "es"):
    for theme, end in ("light", ""), ("dark", "-dark"):
        picture = draw(L, names=vars(), theme=theme, language=language)
        print(picture.save(folder / f"neuron{end}.svg"))
