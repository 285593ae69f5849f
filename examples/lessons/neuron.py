"""One neuron: L = log(σ(w x + b)), forward and backward, number by number."""

from microtensor import Tensor, explain, page

w = Tensor(-2.0, requires_grad=True)
b = Tensor(4.0, requires_grad=True)
x = Tensor(3.0)

p = w * x
z = p + b
s = z.sigmoid()
L = s.log()

TEXT = """
A neuron multiplies its input x by a weight w, adds a bias b, and squeezes the sum into a number
between 0 and 1. L is the log of that number.

Blue goes forward: each value is computed from those before it. Orange goes back: on each arrow,
the gradient that has arrived is multiplied by the local derivative, and the product is sent on.
"""
QUESTIONS = {
    "Should w grow or shrink, so that L grows?": "Grow: ∂L/∂w is positive, so a slightly larger w "
    "gives a larger L. Change w below, and see.",
    "Why do z, p and b have the same gradient?": "z = p + b moves exactly as much as p or b does: "
    "both local derivatives are 1, so z sends them what it has.",
    "Set b to 40. Where do the gradients go?": "z is 34, where σ is almost flat: its local "
    "derivative s(1 − s) is nearly 0, and hardly anything gets through.",
}

page(L, "lessons/1-neuron.html", vars(), title="1. One neuron", text=TEXT, questions=QUESTIONS)
print(explain(L, names=vars()))
