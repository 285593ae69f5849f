"""Broadcasting a bias: what is copied on the way forward is added up on the way back."""

from microtensor import Tensor, grad, page, square

X = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
b = Tensor([1.0, -1.0], requires_grad=True)

Z = X + b
S = square(Z)
L = S.sum()

LINES = {
    "en": "What is copied to every row on the way forward is added up on the way back.",
    "es": "Lo que al avanzar se copia en cada fila, al volver se suma sobre las filas.",
}
LESSON = {
    "en": {
        "title": "A bias is copied",
        "text": """
X has 3 rows, one for each example; b has only one. Z = X + b adds b to every row, as if it were
copied 3 times.

On the way back every copy gets a gradient, and the gradient of b is their sum: the axis along which
b was copied is the axis that is summed.
""",
        "questions": {
            "∂L/∂Z is 2·Z. Its first column is 4, 8, 12. What is the first entry of ∂L/∂b?": (
                grad(L, b)[0],
                "Three copies of b's first entry were used, and what they get adds up: 4 + 8 + 12 "
                "= 24.",
            ),
            "Which axis of ∂L/∂Z is summed?": (
                ["Axis 0, the rows.", "Axis 1, the columns.", "Both."],
                "b was copied from row to row, so the rows are added up: 3 × 2 becomes 2, the "
                "shape of b. A gradient always has the shape of its value.",
            ),
            "Every row of X comes twice. How many times as large is the gradient of b then?": (
                2,
                "b would be copied 6 times instead of 3. That is why losses are often means and "
                "not sums: more data don't make the step larger then.",
            ),
            "Try it: which b would get the gradient [0 0]?": (
                "[−3 −4], minus the mean of each column of X: then each column of Z adds up to 0. "
                "Squares are smallest around the mean."
            ),
        },
    },
    "es": {
        "title": "Un sesgo que se copia",
        "text": """
X tiene 3 filas, una por ejemplo; b solo tiene una. Z = X + b suma b a cada fila, como si se hubiera
copiado 3 veces.

Al volver, cada copia recibe un gradiente, y el de b es la suma de todos: se suma a lo largo del eje
en el que b se copió.
""",
        "questions": {
            "∂L/∂Z es 2·Z. Su primera columna es 4, 8, 12. ¿Cuál es el primer elemento de ∂L/∂b?": (
                grad(L, b)[0],
                "Se usaron tres copias del primer elemento de b, y lo que reciben se suma: 4 + 8 + "
                "12 = 24.",
            ),
            "¿A lo largo de qué eje se suma ∂L/∂Z?": (
                ["Del eje 0, el de las filas.", "Del eje 1, el de las columnas.", "De los dos."],
                "b se copió de fila en fila, así que se suman las filas: de 3 × 2 se pasa a 2, la "
                "forma de b. Un gradiente siempre tiene la forma de su valor.",
            ),
            "Si cada fila de X apareciera dos veces, ¿por cuánto se multiplicaría el gradiente de "
            "b?": (
                2,
                "b se copiaría 6 veces en lugar de 3. Por eso la pérdida suele ser una media y no "
                "una suma: así, con más datos el paso no se hace mayor.",
            ),
            "Pruébalo: ¿con qué b sería el gradiente [0 0]?": (
                "Con [−3 −4], la media de cada columna de X cambiada de signo: entonces cada "
                "columna de Z suma 0. Los cuadrados son mínimos en torno a la media."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("bias.html", **LESSON["en"]))
