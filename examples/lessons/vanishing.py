"""Vanishing: a chain of sigmoids against a chain of relus."""

from microtensor import Tensor, grad, page

x = Tensor(1.0, requires_grad=True)

s1 = x.sigmoid()
s2 = s1.sigmoid()
s3 = s2.sigmoid()
s4 = s3.sigmoid()

r1 = x.relu()
r2 = r1.relu()
r3 = r2.relu()
r4 = r3.relu()

f = s4 + r4

LINES = {
    "en": "Four sigmoids in a row let through less than 0.4 % of a gradient; four relus, all of "
    "it.",
    "es": "Cuatro sigmoides seguidas dejan pasar menos del 0.4 % del gradiente; cuatro relus, "
    "todo.",
}
LESSON = {
    "en": {
        "title": "Vanishing gradients",
        "text": """
x goes two ways to f: through four sigmoids, and through four relus. Click x at the end, and compare
the products along the two paths.

The slope of a sigmoid is at most 0.25, so four in a row let through less than 0.004 of the
gradient. The slope of a relu is 1 where its input is positive, however many there are.
""",
        "questions": {
            "What comes back to x through the four relus?": (
                grad(r4, x),
                "1 · 1 · 1 · 1 = 1: x is positive, so each gate is open.",
            ),
            "And through the four sigmoids, to two digits or more?": (
                grad(s4, x),
                "The product of four slopes, each about 0.2: 0.002164.",
            ),
            "Make x −1. What comes back through the relus?": (
                ["Nothing.", "−1.", "A quarter of it."],
                "The first relu is shut, its slope is 0, and 0 times anything is 0.",
            ),
            "Try it: make x 20. What comes back through the sigmoids?": (
                "Almost nothing: the first one is nearly flat there, with a slope of about 2e−9. "
                "Such a unit is called saturated."
            ),
        },
    },
    "es": {
        "title": "El gradiente se desvanece",
        "text": """
x llega hasta f por dos caminos: a través de cuatro sigmoides y a través de cuatro relus. Al final,
haz clic en x y compara los productos de los dos caminos.

La pendiente de una sigmoide es como mucho 0.25, así que cuatro seguidas dejan pasar menos de 0.004
del gradiente. La de una relu es 1 si su entrada es positiva, haya las que haya.
""",
        "questions": {
            "¿Cuánto vuelve a x a través de las cuatro relus?": (
                grad(r4, x),
                "1 · 1 · 1 · 1 = 1: x es positivo, así que todas las puertas están abiertas.",
            ),
            "¿Y a través de las cuatro sigmoides, con dos cifras o más?": (
                grad(s4, x),
                "El producto de cuatro pendientes de alrededor de 0.2: 0.002164.",
            ),
            "Pon x en −1. ¿Qué vuelve por las relus?": (
                ["Nada.", "−1.", "La cuarta parte."],
                "La primera relu está cerrada, su pendiente es 0, y 0 por cualquier número es 0.",
            ),
            "Pruébalo: pon x en 20. ¿Qué vuelve por las sigmoides?": (
                "Casi nada: la primera es allí casi plana, con una pendiente de unos 2e−9. De una "
                "neurona así se dice que está saturada."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("vanishing.html", **LESSON["en"]))
