"""Gates of one operation: what + and · do with the gradient that arrives."""

from microtensor import Tensor, grad, page

a = Tensor(1.0, requires_grad=True)
b = Tensor(3.0, requires_grad=True)
c = Tensor(-2.0, requires_grad=True)

s = a + b
f = s * c

LINES = {
    "en": "A sum passes the gradient on, a product swaps its factors: f = (a + b) c.",
    "es": "La suma pasa el gradiente entero y el producto intercambia sus factores: f = (a + b) c.",
}
LESSON = {
    "en": {
        "title": "Gates of one operation",
        "text": """
Each operation knows one thing only: how fast its result moves with each of its inputs. That is its
local derivative. A sum moves as fast as each term: 1. A product moves with one factor as fast as
the other factor says.

On the way back an operation takes the gradient that has arrived, multiplies it by the local
derivative, and sends the product on. This is the chain rule, and all there is to it.
""",
        "questions": {
            "What is ∂f/∂c?": (
                grad(f, c),
                "A product sends each factor the other one: c gets s = 1 + 3 = 4.",
            ),
            "Why do a and b get the same gradient?": (
                [
                    "Both local derivatives of a sum are 1.",
                    "a and b are nearly equal.",
                    "The gradient is divided by two.",
                ],
                "s = a + b moves exactly as far as a or b does, so the −2 that arrives at s goes "
                "on to both, unchanged and whole.",
            ),
            "Set c to 5. What is ∂f/∂a then?": (
                grad((a + b) * 5.0, a),
                "c arrives at s, times 1: the gradient of a is c itself, 5.",
            ),
            "Try it: with which c are the gradients of a and b 0?": (
                "With c = 0: f stays 0 however a and b move. The gradient of c isn't 0: it is "
                "a + b."
            ),
        },
    },
    "es": {
        "title": "Puertas de una sola operación",
        "text": """
Cada operación solo sabe una cosa: con qué rapidez cambia su resultado respecto a cada entrada. Es
su derivada local. La de una suma respecto a cada sumando es 1; la de un producto respecto a un
factor es el otro factor.

En el camino de vuelta, la operación toma el gradiente que le llega, lo multiplica por la derivada
local y envía el producto. Eso es la regla de la cadena; no hay más.
""",
        "questions": {
            "¿Cuánto vale ∂f/∂c?": (
                grad(f, c),
                "El producto envía a cada factor el otro: a c le llega s = 1 + 3 = 4.",
            ),
            "¿Por qué reciben «a» y «b» el mismo gradiente?": (
                [
                    "Las dos derivadas locales de una suma son 1.",
                    "Los valores de «a» y «b» son casi iguales.",
                    "El gradiente se divide entre dos.",
                ],
                "s = a + b cambia justo lo que cambia cualquiera de los dos, así que el −2 que "
                "llega a s pasa a ambos, entero y sin cambios.",
            ),
            "Pon c en 5. ¿Cuánto vale ahora ∂f/∂a?": (
                grad((a + b) * 5.0, a),
                "A s le llega c, y se multiplica por 1: el gradiente de a es el propio c, 5.",
            ),
            "Pruébalo: ¿con qué c valen 0 los gradientes de «a» y de «b»?": (
                "Con c = 0: f sigue siendo 0 por mucho que cambien los dos. El de c, en cambio, no "
                "es 0: es a + b."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("gates.html", **LESSON["en"]))
