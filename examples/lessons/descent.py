"""Descent: a network of four tanh neurons learns XOR, a step against the gradient at a time."""

import numpy as np

import nn
from microtensor import Tensor, group, page, square

X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = Tensor([[0.0], [1.0], [1.0], [0.0]])


class Network(nn.Module):
    """Four tanh neurons and a sum, with the same start each time."""

    def __init__(self):
        self.hidden = nn.Linear(2, 4, rng=1)
        self.tanh = nn.Tanh()
        self.output = nn.Linear(4, 1, rng=2)
        for parameter, name in zip(self.parameters(), ("W1", "b1", "W2", "b2"), strict=True):
            parameter.name = name

    def forward(self, x):
        return self.output(self.tanh(self.hidden(x)))


def cost_of(model):
    """The mean of the squared errors on the four cases."""
    said = model(X)
    with group("cost"):
        return square(said - Y).mean()


def train(rate, steps):
    """The cost before each step, and after the last."""
    model = Network()
    sgd = nn.SGD(model.parameters(), lr=rate)
    costs = []
    with np.errstate(all="ignore"):  # too long steps overflow
        for _ in range(steps):
            cost = cost_of(model)
            costs.append(cost.item())
            sgd.zero_grad()
            cost.backward()
            sgd.step()
        return [*costs, cost_of(model).item()]


L = cost_of(Network())
costs = train(0.1, 100)
below = next(i for i, cost in enumerate(costs) if cost < 0.05)
far = train(1.0, 1)[-1]

LINES = {
    "en": "Each weight takes a small step against its gradient, again and again: XOR is learnt.",
    "es": "Cada peso da un pequeño paso contra su gradiente, una y otra vez: la red aprende XOR.",
}
LESSON = {
    "en": {
        "title": "Descent",
        "text": """
XOR is 1 if exactly one of two inputs is 1. Four tanh neurons (hidden) and a sum (output) try to say
it. Linear multiplies its inputs by weights W and adds biases b, which gives sums Z; tanh makes the
activations A of them. Each is shown as a histogram and as its root mean square (RMS), a single
number as it is. The cost L is the mean of the squared errors on the four cases.

The gradient of each weight says how L moves with it. So every weight takes a small step the other
way: W ← W − 0.1 · ∂L/∂W. Then everything is computed anew, and again, many times. That is gradient
descent, and 0.1 is its learning rate.
""",
        "questions": {
            "L is 0.6655 now. What is it after one step at rate 0.1, about?": (
                ["0.61", "0.67", "0.07", "0.00"],
                "All weights moved by −0.1 times their gradients, and L fell to 0.6082: a small "
                "step down, not the whole way.",
            ),
            "A weight is 0.5, its gradient −0.3. What is the weight after a step at rate 0.2?": (
                0.56,
                "0.5 − 0.2 · (−0.3) = 0.56. The gradient is negative, so the weight grows.",
            ),
            "The rate is ten times as large, 1. What happens to this network?": (
                [
                    "After the first step L gets larger and larger.",
                    "It learns ten times as fast.",
                    "Nothing changes.",
                ],
                "The slope tells only of small moves. The first step still lands lower, at "
                f"{far:.4f}; each later one jumps over the valley, higher up on the other side.",
            ),
            "Try it: below the picture, step downhill at rate 0.1. When is L below 0.05?": (
                f"After {below} steps. Click output, which opens it: Z2, what the network says, "
                "comes close to 0, 1, 1, 0. Then reset, and try it at rate 1: L explodes."
            ),
        },
    },
    "es": {
        "title": "Descenso de gradiente",
        "text": """
XOR vale 1 si exactamente una de sus dos entradas es 1. Cuatro neuronas tanh (hidden, la capa
oculta) y una suma (output, la salida) intentan calcularla. Linear multiplica las entradas por pesos
W y suma sesgos b: da las sumas Z; su tanh son las activaciones A. Cada cosa se ve como histograma y
como media cuadrática (RMS); un solo número, tal cual. El coste L es la media de los errores al
cuadrado en los cuatro casos.

El gradiente de cada peso dice cómo cambia L con él. Así que cada peso da un pequeño paso en sentido
contrario: W ← W − 0.1 · ∂L/∂W. Después se vuelve a calcular todo, y así una y otra vez. Eso es el
descenso de gradiente, y 0.1 es la tasa de aprendizaje.
""",
        "questions": {
            "Ahora L vale 0.6655. ¿Cuánto valdrá, más o menos, tras un paso con tasa 0.1?": (
                ["0.61", "0.67", "0.07", "0.00"],
                "Cada peso cambia −0.1 veces su gradiente, y L baja a 0.6082: un pequeño paso "
                "cuesta abajo, no todo el camino.",
            ),
            "Un peso vale 0.5 y su gradiente, −0.3. ¿Cuánto vale el peso tras un paso con tasa "
            "0.2?": (
                0.56,
                "0.5 − 0.2 · (−0.3) = 0.56. Como el gradiente es negativo, el peso crece.",
            ),
            "Con una tasa diez veces mayor, 1, ¿qué le pasa a esta red?": (
                [
                    "Tras el primer paso, L se hace cada vez mayor.",
                    "Aprende diez veces más deprisa.",
                    "No cambia nada.",
                ],
                "La pendiente solo vale para cambios pequeños. El primer paso aún "
                f"baja, hasta {far:.4f}; cada uno de los siguientes salta al otro lado del valle, "
                "más arriba.",
            ),
            "Pruébalo: debajo de la figura, baja paso a paso con tasa 0.1. ¿Cuándo es L menor que "
            "0.05?": (
                f"Tras {below} pasos. Haz clic en output, que se abre: Z2, lo que dice la red, se "
                "acerca a 0, 1, 1, 0. Después restablece los números y prueba con tasa 1: L "
                "explota."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, {"X": X, "Y": Y, "L": L}, **lesson)


if __name__ == "__main__":
    print(write("descent.html", **LESSON["en"]))
