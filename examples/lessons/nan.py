"""Numerical trouble: log(σ(z)) far to the left, and where its nan is born."""

import numpy as np

from microtensor import Tensor, page

z = Tensor(-800.0, requires_grad=True)
with np.errstate(all="ignore"):  # the trouble is what is shown
    s = z.sigmoid()
    L = s.log()

LINES = {
    "en": "log(σ(−800)): a number becomes 0, then −inf, and on the way back nan.",
    "es": "log(σ(−800)): un número se hace 0, luego −inf y, al volver, nan.",
}
LESSON = {
    "en": {
        "title": "Where a nan is born",
        "text": """
σ(−800) is about 4e−348, too small for any floating-point number: s becomes 0. That is still a
number; but its log is −inf, and the local derivative 1/s is inf. On the way back inf meets the
slope s(1 − s) = 0, and inf × 0 has no value: nan, not a number.

On paper nothing is wrong: ∂L/∂z = 1 − σ(z), which is 1 here. The cure is to compute the two
operations as one, log σ(z) = −log(1 + e⁻ᶻ), in a form that keeps the digits. Losses on
logits, the scores before sigmoid, do so.
""",
        "questions": {
            "Which is the first value or gradient that is nan?": (
                ["The gradient of z.", "s.", "L.", "The gradient of s."],
                "s is 0, L is −inf, the gradient of s is inf. Only inf × 0, on the way from s to "
                "z, is nan.",
            ),
            "What should the gradient of z be?": (
                1,
                "1 − σ(−800) is less than 1 by 4e−348 only.",
            ),
            "Set z to −30. What is the gradient of z there?": (
                1,
                "s is 9.358e−14, small but not too small: 1/s times s(1 − s) gives 1. The trouble "
                "begins left of about −709, where 1/s is too large for a floating-point number.",
            ),
            "Try it: how far to the left can z go, before L is −inf?": (
                "To about −745: σ(−745) is 5e−324, the smallest positive floating-point number. "
                "The gradient is wrong there already: 1/s overflows to inf."
            ),
        },
    },
    "es": {
        "title": "Dónde nace un nan",
        "text": """
σ(−800) es aproximadamente 4e−348, demasiado pequeño para un número en coma flotante: s se hace 0.
Todavía es un número, pero su logaritmo es −inf y la derivada local 1/s es inf. Al volver, inf se
encuentra con la pendiente s(1 − s) = 0, e inf × 0 no tiene valor: nan («not a number», no
es un número).

Sobre el papel todo está bien: ∂L/∂z = 1 − σ(z), que aquí es 1. El remedio es calcular las dos
operaciones como una sola, log σ(z) = −log(1 + e⁻ᶻ), en una forma que conserve las cifras. Así lo
hacen las pérdidas que parten de los logits, las puntuaciones antes de la sigmoide.
""",
        "questions": {
            "¿Cuál es el primer valor o gradiente que es nan?": (
                ["El gradiente de z.", "s.", "L.", "El gradiente de s."],
                "s es 0, L es −inf y el gradiente de s es inf. Solo inf × 0, en el camino de s a "
                "z, es nan.",
            ),
            "¿Cuánto debería valer el gradiente de z?": (
                1,
                "1 − σ(−800) solo es menor que 1 en 4e−348.",
            ),
            "Pon z en −30. ¿Cuánto vale allí el gradiente de z?": (
                1,
                "s es 9.358e−14, pequeño pero no demasiado: 1/s por s(1 − s) da 1. El problema "
                "solo empieza por debajo de −709, más o menos: allí 1/s ya no cabe en un número en "
                "coma flotante.",
            ),
            "Pruébalo: ¿hasta dónde puede bajar z antes de que L sea −inf?": (
                "Hasta −745, más o menos: σ(−745) es 5e−324, el menor número positivo que se puede "
                "representar. Pero allí el gradiente ya está mal: 1/s se desborda y da inf."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, {"z": z, "s": s, "L": L}, **lesson)


if __name__ == "__main__":
    print(write("nan.html", **LESSON["en"]))
