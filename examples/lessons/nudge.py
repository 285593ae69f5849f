"""What a derivative is: how much f moves when x is nudged, for f = x²."""

from microtensor import Tensor, page, square

x = Tensor(3.0, requires_grad=True)
f = square(x)

moved = square(x.data + 0.01) - f.data

LINES = {
    "en": "Nudge x, and see how far f moves: their ratio comes near the derivative.",
    "es": "Cambia un poco x y mira cuánto cambia f: el cociente se acerca a la derivada.",
}
LESSON = {
    "en": {
        "title": "What a derivative is",
        "text": """
Move x by a little, and f moves too. How many times as far? That number is the derivative ∂f/∂x, the
slope of f at this x. For f = x² it is 2x: at x = 3 it is 6. (∂ is the d of df/dx, written so
where a value depends on several others and only one of them moves.)

Press → three times: f is computed (blue), and then its slope comes back to x (orange).
""",
        "questions": {
            "x is moved from 3 to 3.01. How far does f move, about?": (
                moved,
                "6 times as far as x: 6 · 0.01 = 0.06. Exactly it is 0.0601; the smaller the "
                "nudge, the better the slope tells it.",
            ),
            "What is ∂f/∂x at x = −5?": (
                -10,
                "2x = −10. Set x to −5 under the picture, and read the orange number.",
            ),
            "∂f/∂x is negative at some x. What does f do if x grows a little there?": (
                ["It shrinks.", "It grows.", "It is negative too."],
                "A negative slope goes down: x and f move in opposite directions. f itself, a "
                "square, is never negative.",
            ),
            "Try it: at which x does a small nudge move f hardly at all?": (
                "At x = 0, where the slope is 0. Set x to 0 and then to 0.01: f moves by 0.0001 "
                "only."
            ),
        },
    },
    "es": {
        "title": "Qué es una derivada",
        "text": """
Si x cambia un poco, f también cambia. ¿Por cuánto hay que multiplicar el cambio de x? Por la
derivada ∂f/∂x, la pendiente de f en ese punto. Para f = x² vale 2x: en x = 3 es 6. (La ∂ es la
d de df/dx, que se escribe así cuando un valor depende de varios y solo cambia uno de ellos.)

Pulsa → tres veces: primero se calcula f (en azul) y después la pendiente vuelve hasta x (en
naranja).
""",
        "questions": {
            "x pasa de 3 a 3.01. ¿Cuánto aumenta f, más o menos?": (
                moved,
                "Seis veces lo que aumenta x: 6 · 0.01 = 0.06. El valor exacto es 0.0601; cuanto "
                "menor es el cambio, mejor lo predice la pendiente.",
            ),
            "¿Cuánto vale ∂f/∂x en x = −5?": (
                -10,
                "2x = −10. Escribe −5 en x, debajo de la figura, y lee el número naranja.",
            ),
            "En cierto punto ∂f/∂x es negativa. ¿Qué hace f si x crece un poco?": (
                ["Disminuye.", "Aumenta.", "También es negativa."],
                "Una pendiente negativa baja: si x sube, f baja. La propia f, como es un cuadrado, "
                "nunca es negativa.",
            ),
            "Pruébalo: ¿en qué punto un pequeño cambio de x apenas cambia f?": (
                "En x = 0, donde la pendiente es 0. Pon x en 0 y luego en 0.01: f solo aumenta "
                "0.0001."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, {"x": x, "f": f}, **lesson)


if __name__ == "__main__":
    print(write("nudge.html", **LESSON["en"]))
