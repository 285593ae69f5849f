"""Broadcasting a bias: what is copied on the way forward is added up on the way back."""

from microtensor import Tensor, explain, page, square

X = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
b = Tensor([1.0, -1.0], requires_grad=True)

Z = X + b
S = square(Z)
L = S.sum()

TEXT = """
X has 3 rows, b has only one. Z = X + b adds b to every row, as if it were copied 3 times.

On the way back every copy gets a gradient, and the gradient of b is their sum: the axis along
which b was copied is the axis that is summed.
"""
QUESTIONS = {
    "Why is the gradient of b [24 18]?": "∂L/∂Z is 2·Z. Its first column is 4, 8, 12, which adds "
    "up to 24; its second is 2, 6, 10, which adds up to 18.",
    "What if every row of X came twice?": "b would be copied 6 times instead of 3, and its "
    "gradient would be twice as large.",
}

page(L, "lessons/4-bias.html", vars(), title="4. A bias is copied", text=TEXT, questions=QUESTIONS)
print(explain(L, names=vars()))
