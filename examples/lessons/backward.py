"""Why backward and not forward: the products of both ways, counted on one graph."""

from microtensor import Graph, Tensor, page, square

a = Tensor(0.5, requires_grad=True)
b = Tensor(-1.0, requires_grad=True)
c = Tensor(3.0, requires_grad=True)
d = Tensor(-1.0, requires_grad=True)

p = a * b
q = p + c
r = q + d
L = square(r)

edges = Graph.of(L, globals()).edges
backward = len(edges)  # each arrow is walked once
forward = 4 + 4 + 3 + 2  # from a, b, c and d, each all the way to L

LINES = {
    "en": "Both ways counted on one graph: back, one sweep gives every gradient.",
    "es": "Los dos sentidos, contados en un mismo grafo: hacia atrás basta un recorrido.",
}
LESSON = {
    "en": {
        "title": "Why backward",
        "text": """
The chain rule can be walked both ways. Forward, from a: how far does p move, then q, r, L? That
answers for a alone; b, c and d need a walk each. Four arrows from a, four from b, three from c, two
from d: 13 products.

Backward, from L: what reaches r, then q, p and all four inputs? Each arrow is walked once, whoever
is behind it. Count the steps after the start at L. The end of the way is shared, and paid for once.
""",
        "questions": {
            "How many products does the way back need?": (
                backward,
                "One for each arrow: L sends one, r, q and p two each. Forward it was 13.",
            ),
            "A network has 245,973 parameters and one loss. How many walks does each way need?": (
                [
                    "Forward 245,973, backward one.",
                    "Forward one, backward 245,973.",
                    "As many forward as backward.",
                ],
                "Forward, a walk for each parameter; backward, a single one from the loss. That is "
                "why networks learn by propagating backward.",
            ),
            "When is forward the better way?": (
                [
                    "One input, many outputs.",
                    "Many inputs, one output.",
                    "When there are many operations.",
                ],
                "A walk forward answers for one input and every output; a walk back for one output "
                "and every input.",
            ),
            "Try it: click a, then c. Which local derivatives do their paths share?": (
                "∂L/∂r and ∂r/∂q. Forward they are multiplied again for each of a, b and c; "
                "backward, their product is at hand: it is ∂L/∂q."
            ),
        },
    },
    "es": {
        "title": "Por qué hacia atrás",
        "text": """
La regla de la cadena se puede recorrer en los dos sentidos. Hacia delante, desde «a»: ¿cuánto
cambia p, luego q, r y L? Eso solo responde para «a»; b, c y d piden cada una su recorrido. Cuatro
flechas desde «a», cuatro desde b, tres desde c y dos desde d: 13 productos.

Hacia atrás, desde L: ¿qué llega a r, luego a q, a p y a las cuatro entradas? Cada flecha se recorre
una sola vez, haya detrás las entradas que haya. Cuenta los pasos después de empezar en L: el tramo
final es común y se paga una sola vez.
""",
        "questions": {
            "¿Cuántos productos necesita el camino hacia atrás?": (
                backward,
                "Uno por flecha: L envía uno; r, q y p, dos cada una. Hacia delante eran 13.",
            ),
            "Una red tiene 245 973 parámetros y una pérdida. ¿Cuántos recorridos pide cada "
            "sentido?": (
                [
                    "Hacia delante, 245 973; hacia atrás, uno.",
                    "Hacia delante, uno; hacia atrás, 245 973.",
                    "Los mismos en los dos sentidos.",
                ],
                "Hacia delante, uno por parámetro; hacia atrás, uno solo desde la pérdida. Por eso "
                "las redes aprenden por retropropagación.",
            ),
            "¿Cuándo conviene ir hacia delante?": (
                [
                    "Con una entrada y muchas salidas.",
                    "Con muchas entradas y una salida.",
                    "Cuando hay muchas operaciones.",
                ],
                "Un recorrido hacia delante responde para una entrada y todas las salidas; hacia "
                "atrás, para una salida y todas las entradas.",
            ),
            "Pruébalo: haz clic en «a» y luego en c. ¿Qué derivadas locales comparten sus "
            "caminos?": (
                "∂L/∂r y ∂r/∂q. Hacia delante se multiplican otra vez para cada una de las tres "
                "entradas a, b y c; hacia atrás, su producto ya está hecho: es ∂L/∂q."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("backward.html", **LESSON["en"]))
