"""One neuron: L = log(σ(w x + b)), forward and backward, number by number."""

from microtensor import Tensor, grad, page

w = Tensor(-2.0, requires_grad=True)
b = Tensor(4.0, requires_grad=True)
x = Tensor(3.0)

p = w * x
z = p + b
s = z.sigmoid()
L = s.log()

LINES = {
    "en": "A weight, a bias and a sigmoid: the chain rule goes back through four operations.",
    "es": "Un peso, un sesgo y una sigmoide: la regla de la cadena recorre cuatro operaciones.",
}
LESSON = {
    "en": {
        "title": "One neuron",
        "text": """
A neuron multiplies its input x by a weight w, adds a bias b, and squeezes the sum into a number
between 0 and 1 with σ, the sigmoid. L is the natural logarithm of that number, log as in Python.

Blue goes forward: each value is computed from those before it. Orange goes back: on each arrow, the
gradient that has arrived is multiplied by the local derivative, and the product is sent on.
""",
        "questions": {
            "∂L/∂w is positive. Should w grow or shrink, so that L grows?": (
                ["Grow.", "Shrink.", "It doesn't matter."],
                "A positive gradient says: a slightly larger w gives a larger L. Set w to −1.9 "
                "under the picture, and see.",
            ),
            "z, p and b have the same gradient. What is the local derivative of z by p, and b?": (
                grad(z, b),
                "z = p + b moves exactly as much as p or b does: both local derivatives are 1, so "
                "z sends them what it has.",
            ),
            "How many times as large as ∂L/∂b is ∂L/∂w?": (
                grad(L, w) / grad(L, b),
                "p = w · x sends to w what arrives, times x = 3; b gets it unchanged.",
            ),
            "Try it: set b to 40. Where do the gradients go?": (
                "z is 34, where σ is almost flat: its local derivative s(1 − s) is nearly 0, and "
                "hardly anything gets through."
            ),
        },
    },
    "es": {
        "title": "Una neurona",
        "text": """
Una neurona multiplica su entrada x por un peso w, suma un sesgo b y comprime el resultado en un
número entre 0 y 1 con σ, la sigmoide. L es el logaritmo natural de ese número: log, como en Python.

En azul se avanza: cada valor se calcula a partir de los anteriores. En naranja se vuelve: en cada
flecha, el gradiente que ha llegado se multiplica por la derivada local y se envía el producto.
""",
        "questions": {
            "∂L/∂w es positiva. ¿Debe crecer o disminuir w para que L crezca?": (
                ["Crecer.", "Disminuir.", "Da igual."],
                "Un gradiente positivo dice que con un w un poco mayor, L también es mayor. Pon w "
                "en −1.9, debajo de la figura, y compruébalo.",
            ),
            "z, p y b tienen el mismo gradiente. ¿Cuánto vale la derivada local de z respecto a p "
            "y a b?": (
                grad(z, b),
                "z = p + b cambia justo lo que cambian p o b: las dos derivadas locales son 1, así "
                "que z les envía lo que ha recibido.",
            ),
            "¿Por cuánto hay que multiplicar ∂L/∂b para obtener ∂L/∂w?": (
                grad(L, w) / grad(L, b),
                "p = w · x envía a w lo que le llega multiplicado por x = 3; b lo recibe tal cual.",
            ),
            "Pruébalo: pon b en 40. ¿Qué pasa con los gradientes?": (
                "z vale 34, donde σ es casi plana: su derivada local s(1 − s) es casi 0 y apenas "
                "pasa nada."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("neuron.html", **LESSON["en"]))
