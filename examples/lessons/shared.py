"""Shared weights and skips: a recurrent chain whose weight u is used three times, and a skip."""

from microtensor import Tensor, grad, page

u = Tensor(0.5, requires_grad=True)
x = Tensor(2.0, requires_grad=True)

h1 = u * x
h2 = u * h1
h3 = u * h2
f = h3 + x

LINES = {
    "en": "A weight used at every step has a path for each; a skip is a path that doesn't shrink.",
    "es": "Un peso usado en cada paso tiene un camino por paso; un salto es un camino que no "
    "encoge.",
}
LESSON = {
    "en": {
        "title": "Shared weights and skips",
        "text": """
A recurrent network (RNN) uses the same weight in every step: h1, h2 and h3 all use u. (The tanh
that belongs to each step is left out here.) So three paths lead from u to f, one for each use, and
its gradient adds them up: backpropagation through time.

x has two paths: the long one, which multiplies by u three times, and the skip, f = h3 + x. Click x
at the end. The long path's product shrinks with every step; the skip's is 1.
""",
        "questions": {
            "What is the gradient of u?": (
                grad(f, u),
                "Each of the three uses sends 0.5: 0.5 + 0.5 + 0.5 = 1.5. A shared weight is a "
                "value that is used several times, and gradients add.",
            ),
            "What comes back to x along the chain alone, without the skip?": (
                grad(h3, x),
                "u · u · u = 0.125. Along the skip it is 1.",
            ),
            "The chain becomes 100 steps long. What is left of ∂f/∂x?": (
                ["About 1.", "About 0.", "About 100."],
                "0.5 multiplied 100 times is nearly 0; the skip still gives 1. That is what "
                "residual connections are for.",
            ),
            "Try it: set u to 2. What becomes of the long path?": (
                "Its product is 8, and twice as large with every further step: gradients explode, "
                "where with u = 0.5 they vanish."
            ),
        },
    },
    "es": {
        "title": "Pesos compartidos y saltos",
        "text": """
Una red recurrente (RNN) usa el mismo peso en todos los pasos: h1, h2 y h3 usan u. (La tanh propia
de cada paso aquí se omite.) Así, tres caminos llevan de u a f, uno por uso, y su gradiente los
suma: es la retropropagación en el tiempo.

x tiene dos caminos: el largo, que multiplica tres veces por u, y el salto, f = h3 + x. Al final,
haz clic en x. El producto del camino largo se encoge a cada paso; el del salto es 1.
""",
        "questions": {
            "¿Cuánto vale el gradiente de u?": (
                grad(f, u),
                "Cada uno de los tres usos envía 0.5: 0.5 + 0.5 + 0.5 = 1.5. Un peso compartido es "
                "un valor que se usa varias veces, y los gradientes se suman.",
            ),
            "¿Cuánto vuelve a x solo por la cadena, sin el salto?": (
                grad(h3, x),
                "u · u · u = 0.125. Por el salto es 1.",
            ),
            "Si la cadena tuviera 100 pasos, ¿qué quedaría de ∂f/∂x?": (
                ["Más o menos 1.", "Más o menos 0.", "Más o menos 100."],
                "0.5 multiplicado por sí mismo 100 veces es casi 0; el salto sigue dando 1. "
                "Para eso sirven las conexiones residuales.",
            ),
            "Pruébalo: pon u en 2. ¿Qué pasa con el camino largo?": (
                "Su producto es 8, y se duplica con cada paso que se añade: el gradiente explota, "
                "mientras que con u = 0.5 se desvanece."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("shared.html", **LESSON["en"]))
