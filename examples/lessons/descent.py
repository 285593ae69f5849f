"""Descent: a network of four tanh neurons learns XOR, a step against the gradient at a time."""

import numpy as np

import nn
from microtensor import Tensor, page

X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = Tensor([[0.0], [1.0], [1.0], [0.0]])
mse = nn.MSELoss()


def network():
    """The same start, each time."""
    return nn.Sequential(nn.Linear(2, 4, rng=1), nn.Tanh(), nn.Linear(4, 1, rng=2))


def train(rate, steps):
    """The cost before each step, and after the last."""
    model = network()
    sgd = nn.SGD(model.parameters(), lr=rate)
    costs = []
    with np.errstate(all="ignore"):  # too long steps overflow
        for _ in range(steps):
            cost = mse(model(X), Y)
            costs.append(cost.item())
            sgd.zero_grad()
            cost.backward()
            sgd.step()
        return [*costs, mse(model(X), Y).item()]


L = mse(network()(X), Y)
costs = train(0.2, 100)
below = next(i for i, cost in enumerate(costs) if cost < 0.05)

LINES = {
    "en": "Each weight takes a small step against its gradient, again and again: XOR is learnt.",
    "es": "Cada peso da un pequeño paso contra su gradiente, una y otra vez: se aprende XOR.",
}
LESSON = {
    "en": {
        "title": "Descent",
        "text": f"""
XOR is 1 if exactly one of two inputs is 1. Four tanh neurons and a sum try to say it; the cost L
is the mean of their squared errors on the four cases.

The gradient of each weight says how L moves with it. So every weight takes a small step the other
way: W ← W − 0.2 · ∂L/∂W. Then everything is computed anew. That is gradient descent. From this
start, L is below 0.05 after {below} steps.
""",
        "questions": {
            "L is 0.6655 now. What is it after one step at rate 0.2, about?": (
                ["0.56", "0.67", "0.13", "0.00"],
                "All weights moved by −0.2 times their gradients, and L fell to 0.559: a small "
                "step down, not the whole way.",
            ),
            "A weight is 0.5, its gradient −0.3. What is the weight after a step at rate 0.2?": (
                0.56,
                "0.5 − 0.2 · (−0.3) = 0.56. The gradient is negative, so the weight grows.",
            ),
            "The rate is five times as large, 1. What happens to this network?": (
                [
                    "L gets larger and larger.",
                    "It learns five times as fast.",
                    "Nothing changes.",
                ],
                "The slope tells only of small moves. Steps that are too long jump over the "
                "valley, each higher up on the other side.",
            ),
            "Try it: go to the end. Which layer would move more in a step, beside its size?": (
                "The second: its card says gradient / value 0.4693, the first one's 0.1526. That "
                "share times 0.2 is how far a step moves the weights."
            ),
        },
    },
    "es": {
        "title": "Descenso de gradiente",
        "text": f"""
XOR vale 1 si exactamente una de sus dos entradas es 1. Cuatro neuronas tanh y una suma intentan
calcularla; el coste L es la media de sus errores al cuadrado en los cuatro casos.

El gradiente de cada peso dice cómo cambia L con él. Así que cada peso da un pequeño paso en
sentido contrario: W ← W − 0.2 · ∂L/∂W. Después se vuelve a calcular todo. Eso es el descenso de
gradiente. Desde este comienzo, L baja de 0.05 tras {below} pasos.
""",
        "questions": {
            "Ahora L vale 0.6655. ¿Cuánto valdrá, más o menos, tras un paso con tasa 0.2?": (
                ["0.56", "0.67", "0.13", "0.00"],
                "Cada peso cambia en −0.2 por su gradiente, y L baja a 0.559: un pequeño paso "
                "cuesta abajo, no todo el camino.",
            ),
            "Un peso vale 0.5 y su gradiente, −0.3. ¿Cuánto vale el peso tras un paso con tasa "
            "0.2?": (
                0.56,
                "0.5 − 0.2 · (−0.3) = 0.56. Como el gradiente es negativo, el peso crece.",
            ),
            "Con una tasa cinco veces mayor, 1, ¿qué le pasa a esta red?": (
                [
                    "L se hace cada vez mayor.",
                    "Aprende cinco veces más deprisa.",
                    "No cambia nada.",
                ],
                "La pendiente solo informa de cambios pequeños. Un paso demasiado largo salta al "
                "otro lado del valle, cada vez más arriba.",
            ),
            "Pruébalo: ve al final. ¿Qué capa se movería más en un paso, en relación con su "
            "tamaño?": (
                "La segunda: su tarjeta dice gradiente / valor 0.4693, y la de la primera, 0.1526. "
                "Esa proporción por 0.2 es lo que un paso mueve los pesos."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, {"X": X, "Y": Y, "L": L}, **lesson)


if __name__ == "__main__":
    print(write("descent.html", **LESSON["en"]))
