"""What a derivative is: how much y moves when x is nudged, for y = x²."""

from microtensor import Tensor, page, square

x = Tensor(3.0, requires_grad=True)
y = square(x)

moved = square(x.data + 0.01) - y.data

LINES = {
    "en": "Nudge x, and see how far y moves: their ratio is the derivative.",
    "es": "Mueve un poco x y mira cuánto se mueve y: el cociente es la derivada.",
}
LESSON = {
    "en": {
        "title": "What a derivative is",
        "text": """
Move x by a little, and y moves too. How many times as far? That number is the derivative ∂y/∂x,
the slope of y at this x. For y = x² it is 2x: at x = 3 it is 6.

Press → three times: y is computed (blue), and then its slope comes back to x (orange).
""",
        "questions": {
            "x is moved from 3 to 3.01. How far does y move, about?": (
                moved,
                "6 times as far as x: 6 · 0.01 = 0.06. Exactly it is 0.0601; the smaller the "
                "nudge, the better the slope tells it.",
            ),
            "What is ∂y/∂x at x = −5?": (
                -10,
                "2x = −10. Set x to −5 under the picture, and read the orange number.",
            ),
            "∂y/∂x is negative at some x. What does y do if x grows a little there?": (
                ["It shrinks.", "It grows.", "It is negative too."],
                "A negative slope goes down: x and y move in opposite directions. y itself, a "
                "square, is never negative.",
            ),
            "Try it: at which x does a small nudge move y hardly at all?": (
                "At x = 0, where the slope is 0. Set x to 0 and then to 0.01: y moves by 0.0001 "
                "only."
            ),
        },
    },
    "es": {
        "title": "Qué es una derivada",
        "text": """
Si mueves un poco x, también se mueve y. ¿Cuántas veces más? Ese número es la derivada ∂y/∂x, la
pendiente de y en ese punto. Para y = x² vale 2x: en x = 3 es 6.

Pulsa → tres veces: primero se calcula y (en azul) y después la pendiente vuelve hasta x (en
naranja).
""",
        "questions": {
            "x pasa de 3 a 3.01. ¿Cuánto aumenta y, más o menos?": (
                moved,
                "Seis veces lo que x: 6 · 0.01 = 0.06. El valor exacto es 0.0601; cuanto menor es "
                "el cambio, mejor lo predice la pendiente.",
            ),
            "¿Cuánto vale ∂y/∂x en x = −5?": (
                -10,
                "2x = −10. Escribe −5 en x, debajo del dibujo, y lee el número naranja.",
            ),
            "En cierto punto ∂y/∂x es negativa. ¿Qué hace y si x crece un poco?": (
                ["Disminuye.", "Aumenta.", "También es negativa."],
                "Una pendiente negativa baja: x e y se mueven en sentidos opuestos. La propia y, "
                "como es un cuadrado, nunca es negativa.",
            ),
            "Pruébalo: ¿en qué punto un pequeño cambio de x apenas mueve y?": (
                "En x = 0, donde la pendiente es 0. Pon x en 0 y luego en 0.01: y solo aumenta "
                "0.0001."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(y, path, {"x": x, "y": y}, **lesson)


if __name__ == "__main__":
    print(write("nudge.html", **LESSON["en"]))
