"""Why order matters: b = a + a, c = b + b."""

from microtensor import Tensor, explain, page

a = Tensor(3.0, requires_grad=True)

b = a + a
c = b + b

TEXT = """
c uses b twice, and b uses a twice: four paths lead from a to c.

b sends its gradient on only when both contributions from c have arrived. So the steps go back in
order: a value's turn comes after the turn of everything that used it.
"""
QUESTIONS = {
    "What would a get, if b sent on what it has after step 4?": "b would have 1 instead of 2, and "
    "send it twice: a would get 2. The true gradient is 4.",
    "Click a. What are the four products?": "1 each, because every local derivative is 1. They add "
    "up to 4.",
    "Ten such doublings in a row: how many paths, how many contributions?": "1024 paths, but only "
    "20 contributions: each gradient is added up first, and then sent on once to each operand.",
}

page(c, "lessons/3-order.html", vars(), title="3. Order matters", text=TEXT, questions=QUESTIONS)
print(explain(c, names=vars()))
