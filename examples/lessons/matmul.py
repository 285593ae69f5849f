"""A matrix product is many scalars: z = W x, entry by entry."""

from microtensor import Tensor, explain, follow, page

w11, w12 = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
w21, w22 = Tensor(-1.0, requires_grad=True), Tensor(3.0, requires_grad=True)
x1, x2 = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)

p11, p12 = w11 * x1, w12 * x2
p21, p22 = w21 * x1, w22 * x2
z1 = p11 + p12
z2 = p21 + p22
L = z1 * z2

TEXT = """
With a 2×2 matrix W, the product z = W x is four products and two sums. Here every entry has its
own card, and the chain rule is the one for single numbers.

With arrays the same gradients are written in one line each: ∂L/∂W = outer(g, x) and ∂L/∂x = Wᵀ g,
where g holds ∂L/∂z1 and ∂L/∂z2.
"""
QUESTIONS = {
    "Why do x1 and x2 get two contributions, and every w only one?": "x1 is used in both rows, w11 "
    "in the first row alone. So ∂L/∂x adds over the rows, and ∂L/∂W has nothing to add.",
    "Where is outer(g, x)?": "g is [1 4] and x is [2 1]. Row by column, the products are 2, 1 and "
    "8, 4: the gradients of w11, w12 and w21, w22.",
    "And Wᵀ g?": "For x1: 1·1 + (−1)·4 = −3. For x2: 2·1 + 3·4 = 14.",
}

names = {name: value for name, value in vars().items() if isinstance(value, Tensor)}
page(L, "lessons/5-matmul.html", names, title="5. Matrices", text=TEXT, questions=QUESTIONS)
print(explain(L, names=names))

# The same with arrays: one entry of W, and what made its gradient
W = Tensor([[1.0, 2.0], [-1.0, 3.0]], requires_grad=True, name="W")
x = Tensor([2.0, 1.0], requires_grad=True, name="x")
z = W @ x
print(follow(z[0] * z[1], "W[1, 0]", names={"z": z}))
