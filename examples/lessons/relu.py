"""The max gate and relu: one input gets the whole gradient, or a gate is shut."""

from microtensor import Tensor, grad, maximum, page

a = Tensor(2.0, requires_grad=True)
b = Tensor(5.0, requires_grad=True)
c = Tensor(3.0, requires_grad=True)

m = maximum(a, b)
r = c.relu()
f = m * r

LINES = {
    "en": "A max sends all it gets to the larger input; a relu is open or shut.",
    "es": "El máximo envía todo a la entrada mayor; una relu está abierta o cerrada.",
}
LESSON = {
    "en": {
        "title": "The max gate and relu",
        "text": """
The maximum of two numbers moves with the larger one alone: its local derivative is 1, the other's
is 0. So a max is a switch: the whole gradient goes to the input that won.

A relu, max(c, 0), is a gate: above 0 it lets everything through, below 0 nothing, neither the value
forward nor the gradient back.
""",
        "questions": {
            "What does b get?": (
                grad(f, b),
                "m gets r = 3, and b is the larger one: its local derivative is 1, so it gets 3; a "
                "gets 0.",
            ),
            "Set a to 6. What does a get now?": (
                grad(maximum(a + 4.0, b) * r, a),
                "a is larger than b now, so the switch has turned: a gets the 3, and b gets 0.",
            ),
            "Set c to −1. What do a, b and c get?": (
                [
                    "Nothing: all three are 0.",
                    "a and b the same as before, c nothing.",
                    "The same as before, with the other sign.",
                ],
                "The relu is shut. Its value 0 multiplies what goes back to m, and its slope 0 "
                "what goes back to c.",
            ),
            "Try it: set a and b to 5. Who gets the gradient?": (
                "Half each. At a tie there is a kink, no derivative; to share is a fair choice."
            ),
        },
    },
    "es": {
        "title": "La puerta del máximo y la relu",
        "text": """
El máximo de dos números solo cambia con el mayor de ellos: su derivada local es 1 y la del otro es
0. El máximo es, pues, un conmutador: el gradiente entero va a la entrada que ha ganado.

Una relu, max(c, 0), es una puerta: por encima de 0 lo deja pasar todo y por debajo nada, ni el
valor hacia delante ni el gradiente hacia atrás.
""",
        "questions": {
            "¿Cuánto recibe b?": (
                grad(f, b),
                "A m le llega r = 3, y b es el mayor: su derivada local es 1, así que recibe 3; "
                "«a» recibe 0.",
            ),
            "Pon «a» en 6. ¿Cuánto recibe ahora?": (
                grad(maximum(a + 4.0, b) * r, a),
                "Ahora «a» es mayor que b y el conmutador ha cambiado: «a» recibe el 3 y b, 0.",
            ),
            "Pon c en −1. ¿Qué reciben «a», «b» y «c»?": (
                [
                    "Nada: los tres gradientes son 0.",
                    "«a» y «b», lo mismo que antes; «c», nada.",
                    "Lo mismo que antes, cambiado de signo.",
                ],
                "La relu está cerrada. Su valor 0 multiplica lo que vuelve a m, y su pendiente 0, "
                "lo que vuelve a c.",
            ),
            "Pruébalo: pon «a» y «b» en 5. ¿Quién recibe el gradiente?": (
                "La mitad cada uno. En un empate hay un punto anguloso y no existe la derivada; "
                "repartir es una elección justa."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(f, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("relu.html", **LESSON["en"]))
