"""Why gradients add: in a a + a c the value a is used three times."""

from microtensor import Tensor, grad, page

a = Tensor(2.0, requires_grad=True)
c = Tensor(-3.0, requires_grad=True)

p = a * a
q = a * c
f = p + q

LINES = {
    "en": "a is used three times in a · a + a · c, so its gradient is a sum of three.",
    "es": "En a · a + a · c se usa tres veces «a»; por eso su gradiente es una suma de tres.",
}
LESSON = {
    "en": {
        "title": "Gradients add",
        "text": """
a is used three times: twice in p = a · a, once in q = a · c. Each use sends a contribution back,
and the gradient of a is their sum.

Watch the sum below the gradient of a grow in steps 7, 9 and 10.
""",
        "questions": {
            "What is the gradient of a?": (
                grad(f, a),
                "Three contributions arrive: −3 from q, and 2 and 2 from p. They add up to 1.",
            ),
            "Why are the contributions added?": (
                [
                    "Each use moves f by itself, and the moves add up.",
                    "Only the largest of them counts.",
                    "f is a sum; in a product they would be multiplied.",
                ],
                "Move a by a little. Each of the three uses moves f by a little, whatever the "
                "operations are, and these moves add up.",
            ),
            "Click a. Which path makes its gradient smaller?": (
                ["a → q → f", "a → p → f", "None of them."],
                "The product of a → q → f is c = −3. The two paths through p give a = 2 each.",
            ),
            "Try it: for which c is the gradient of a zero?": (
                "For c = −4: then 2 + 2 + c = 0. A small change of a leaves f as it is."
            ),
        },
    },
    "es": {
        "title": "Los gradientes se suman",
        "text": """
El valor «a» se usa tres veces: dos en p = a · a y una en q = a · c. Cada uso envía una contribución
de vuelta, y el gradiente de «a» es la suma de las tres.

Mira cómo crece la suma bajo el gradiente de «a» en los pasos 7, 9 y 10.
""",
        "questions": {
            "¿Cuánto vale el gradiente de «a»?": (
                grad(f, a),
                "Llegan tres contribuciones: −3 desde q, y 2 y 2 desde p. En total, 1.",
            ),
            "¿Por qué se suman las contribuciones?": (
                [
                    "Cada uso cambia f por su cuenta, y esos cambios se suman.",
                    "Solo cuenta la mayor.",
                    "Porque f es una suma; en un producto se multiplicarían.",
                ],
                "Cambia un poco «a». Cada uno de los tres usos cambia un poco f, sean cuales sean "
                "las operaciones, y esos cambios se suman.",
            ),
            "Haz clic en «a». ¿Qué camino reduce su gradiente?": (
                ["a → q → f", "a → p → f", "Ninguno."],
                "El producto de a → q → f es c = −3. Los dos caminos por p dan 2 cada uno, el "
                "valor de «a».",
            ),
            "Pruébalo: ¿con qué c es cero el gradiente de «a»?": (
                "Con c = −4: entonces 2 + 2 + c = 0. Un pequeño cambio de «a» no altera f."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("sums.html", **LESSON["en"]))
