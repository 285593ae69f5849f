"""A matrix product is many scalars: z = W x, entry by entry."""

from microtensor import Tensor, grad, page

w11, w12 = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
w21, w22 = Tensor(-1.0, requires_grad=True), Tensor(3.0, requires_grad=True)
x1, x2 = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)

p11, p12 = w11 * x1, w12 * x2
p21, p22 = w21 * x1, w22 * x2
z1 = p11 + p12
z2 = p21 + p22
L = z1 * z2

LINES = {
    "en": "z = W x is four products and two sums; outer(g, x) and Wᵀ g are their chain rule.",
    "es": "z = W x son cuatro productos y dos sumas; outer(g, x) y Wᵀ g son su regla de la cadena.",
}
LESSON = {
    "en": {
        "title": "Matrices",
        "text": """
With a 2×2 matrix W, the product z = W x is four products and two sums. Here every entry has its own
card, and the chain rule is the one for single numbers.

With arrays the same gradients are written in one line each: ∂L/∂W = outer(g, x) and ∂L/∂x = Wᵀ g.
Here g holds ∂L/∂z1 and ∂L/∂z2, outer(g, x) has every product of an entry of g (its row) and one of
x (its column), and Wᵀ is W with its columns as rows.
""",
        "questions": {
            "Why do x1 and x2 get two contributions, and every w only one?": (
                [
                    "Each x is used in both rows, each w once.",
                    "There are fewer x than w.",
                    "An input always gets two.",
                ],
                "x1 is used in both rows, w11 in the first row alone. So ∂L/∂x adds over the rows, "
                "and ∂L/∂W has nothing to add.",
            ),
            "g is [1 4] and x is [2 1]. What is the entry of outer(g, x) for w21?": (
                grad(L, w21),
                "Second row, first column: g2 · x1 = 4 · 2 = 8. It stands on the card of w21.",
            ),
            "What does Wᵀ g give for x1?": (
                grad(L, x1),
                "The first column of W, times g: 1·1 + (−1)·4 = −3.",
            ),
            "Try it: set x1 to 0. Which gradients of w become 0?": (
                "Those of w11 and w21, the first column: what a weight gets is proportional to the "
                "input that it is multiplied by."
            ),
        },
    },
    "es": {
        "title": "Matrices",
        "text": """
Con una matriz W de 2×2, el producto z = W x son cuatro productos y dos sumas. Aquí cada elemento
tiene su tarjeta, y la regla de la cadena es la de los números sueltos.

Con matrices, los mismos gradientes se escriben en una línea: ∂L/∂W = outer(g, x), el producto
exterior, y ∂L/∂x = Wᵀ g. Aquí g contiene ∂L/∂z1 y ∂L/∂z2; outer(g, x) tiene todos los productos de
un elemento de g (su fila) por uno de x (su columna), y Wᵀ es W con sus columnas como filas.
""",
        "questions": {
            "¿Por qué x1 y x2 reciben dos contribuciones y cada w solo una?": (
                [
                    "Cada x se usa en las dos filas; cada w, una vez.",
                    "Hay menos x que w.",
                    "Una entrada siempre recibe dos.",
                ],
                "x1 se usa en las dos filas y w11 solo en la primera. Por eso en ∂L/∂x se suma "
                "sobre las filas y en ∂L/∂W no hay nada que sumar.",
            ),
            "g es [1 4] y x es [2 1]. ¿Cuánto vale el elemento de outer(g, x) que corresponde "
            "a w21?": (
                grad(L, w21),
                "Segunda fila, primera columna: g2 · x1 = 4 · 2 = 8. Es lo que se lee en la "
                "tarjeta de w21.",
            ),
            "¿Qué da Wᵀ g para x1?": (
                grad(L, x1),
                "La primera columna de W por g: 1·1 + (−1)·4 = −3.",
            ),
            "Pruébalo: pon x1 en 0. ¿Qué gradientes de w se anulan?": (
                "Los de w11 y w21, la primera columna: lo que recibe un peso es proporcional a la "
                "entrada por la que se multiplica."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("matmul.html", **LESSON["en"]))
