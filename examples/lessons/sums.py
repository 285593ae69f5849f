"""Why gradients add: in a a + a c the value a is used three times."""

from microtensor import Tensor, explain, page

a = Tensor(2.0, requires_grad=True)
c = Tensor(-3.0, requires_grad=True)

p = a * a
q = a * c
y = p + q

TEXT = """
a is used three times: twice in p = a · a, once in q = a · c. Each use sends a contribution back,
and the gradient of a is their sum.

Watch the sum below the gradient of a grow in steps 7, 9 and 10.
"""
QUESTIONS = {
    "Why is it a sum?": "Move a by a little. Each of the three uses moves y by a little, and these "
    "moves add up.",
    "Click a. Which path makes its gradient smaller?": "a → q → y: its product is c = −3. The two "
    "paths through p give a = 2 each.",
    "For which c is the gradient of a zero?": "c = −4: then 2 + 2 + c = 0. Try it below.",
}

page(y, "lessons/2-sums.html", vars(), title="2. Gradients add", text=TEXT, questions=QUESTIONS)
print(explain(y, names=vars()))
