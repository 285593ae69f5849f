"""Why order matters: c = b + b after b = a + a. b waits for all before it sends."""

from microtensor import Tensor, grad, page

a = Tensor(1.0, requires_grad=True)

b = a + a
c = b + b

LINES = {
    "en": "A value sends its gradient on only when all of it has arrived: c = b + b, b = a + a.",
    "es": "Un valor envía su gradiente solo cuando le ha llegado entero: c = b + b, b = a + a.",
}
LESSON = {
    "en": {
        "title": "Order matters",
        "text": """
c uses b twice, and b uses a twice: four paths lead from a to c.

b sends its gradient on only when both contributions from c have arrived. So the steps go back in
order: a value's turn comes after the turn of everything that used it.
""",
        "questions": {
            "What is the gradient of a?": (
                grad(c, a),
                "Four paths, each with the product 1 · 1. Or in order: b gets 1 + 1 = 2 and sends "
                "2 twice; a gets 2 + 2 = 4.",
            ),
            "What would a get, if b sent on, twice, what it has after step 4, and no more?": (
                2,
                "b would have 1 instead of 2 and send it twice: 1 + 1 = 2, half of the true "
                "gradient.",
            ),
            "Ten such doublings in a row make 1024 paths. How many contributions are sent?": (
                20,
                "Two in each doubling: a gradient is added up first, and then sent on once to each "
                "operand. Nobody walks the 1024 paths.",
            ),
            "Try it: click a. What are the four products?": (
                "1 each, because every local derivative of a sum is 1. They add up to 4, whatever "
                "number a has."
            ),
        },
    },
    "es": {
        "title": "El orden importa",
        "text": """
c usa dos veces b, y b usa dos veces «a»: cuatro caminos van desde «a» hasta c.

b no envía su gradiente hasta que han llegado las dos contribuciones de c. Por eso los pasos vuelven
en orden: a un valor le toca después de todo lo que lo ha usado.
""",
        "questions": {
            "¿Cuánto vale el gradiente de «a»?": (
                grad(c, a),
                "Cuatro caminos, cada uno con el producto 1 · 1. O por orden: b recibe 1 + 1 = 2 y "
                "envía 2 dos veces; «a» recibe 2 + 2 = 4.",
            ),
            "¿Qué recibiría «a» si b enviara, dos veces, lo que tiene tras el paso 4 y nada más?": (
                2,
                "b tendría 1 en lugar de 2 y lo enviaría dos veces: 1 + 1 = 2, la mitad del "
                "gradiente verdadero.",
            ),
            "Diez duplicaciones seguidas dan 1024 caminos. ¿Cuántas contribuciones se envían?": (
                20,
                "Dos por duplicación: primero se suma el gradiente entero y después se envía una "
                "vez a cada operando. Nadie recorre los 1024 caminos.",
            ),
            "Pruébalo: haz clic en «a». ¿Cuáles son los cuatro productos?": (
                "Todos son 1, porque las derivadas locales de una suma son 1. Suman 4, valga lo "
                "que valga «a»."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(c, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("order.html", **LESSON["en"]))
