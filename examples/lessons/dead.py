"""Dead units: the film of a training whose first steps are too long."""

import numpy as np

import nn
from microtensor import film

random = np.random.default_rng(0)
X = random.uniform(-1, 1, (100, 2))
Y = ((X**2).sum(axis=1) < 0.5).astype(float)[:, np.newaxis]  # inside a circle or not


class Network(nn.Module):
    """Eight relus and a sigmoid, with the same start each time."""

    def __init__(self):
        self.hidden = nn.Linear(2, 8, rng=0)
        self.relu = nn.ReLU()
        self.output = nn.Linear(8, 1, rng=2)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.output(self.relu(self.hidden(x))))


def train(rate, callbacks=()):
    """Trains a network, and says which of its relus are 0 for every example."""
    model = Network()
    sgd = nn.SGD(model.parameters(), lr=rate)
    quiet = {"print_every": None, "progress": False, "callbacks": list(callbacks)}
    nn.fit(model, X, Y, iterations=200, optimizer=sgd, loss=nn.BCELoss(), **quiet)
    opened = model.hidden(X).numpy() > 0
    return np.flatnonzero(~opened.any(axis=0)).tolist()


dead = train(8.0)

LINES = {
    "en": "A film: the first steps are too long, and relus shut for good.",
    "es": "Una película: los primeros pasos son demasiado largos y hay relus que se cierran "
    "para siempre.",
}
LESSON = {
    "en": {
        "title": "Dead units",
        "text": """
A layer of eight relus, hidden, learns which points lie in a circle; a last neuron, output, makes
one answer of what they give. The rate, 8, is far too large: in its first steps the network throws
some of its relus so far that they are 0 for every example.

A relu that is 0 for all of them has slope 0 for all of them. No gradient reaches its weights, so
they stand still, and it never comes back: it is dead. Play the film, and look at the crossed-out
squares on the card of hidden: each is a relu, counted from 0.
""",
        "questions": {
            "How many of the eight relus are dead at the end?": (
                len(dead),
                "Units 3, 4 and 7, crossed out from iteration 4 on.",
            ),
            "Why don't they come back when the other weights have settled?": (
                [
                    "Their weights get a gradient of 0.",
                    "The training is too short.",
                    "The other units push them away.",
                ],
                "0 times whatever arrives is 0. Their inputs are the data, which don't change, so "
                "nothing will open them again.",
            ),
            "What would have kept them alive?": (
                ["A smaller rate.", "More iterations.", "A larger rate."],
                "At rate 1, with the same start, none of the eight dies: each step is small enough "
                "to be taken back.",
            ),
            "Try it: go from the first frame to the last. What do curve and boundary show?": (
                "The cost jumps up several times at first, and the last boundary has fewer corners "
                "than eight relus could give it: five are left."
            ),
        },
    },
    "es": {
        "title": "Neuronas muertas",
        "text": """
Una capa de ocho relus, hidden (oculta), aprende qué puntos están dentro de un círculo; una última
neurona, output (salida), combina lo que dan en una sola respuesta. La tasa de aprendizaje, 8, es
demasiado alta: en los primeros pasos la red lanza algunas relus tan lejos que valen 0 en todos los
ejemplos.

Una relu que vale 0 en todos tiene pendiente 0 en todos. Ningún gradiente llega a sus pesos, que se
quedan como están, y la relu ya no vuelve: está muerta. Reproduce la película y fíjate en los
cuadrados tachados de la tarjeta hidden: cada cuadrado es una relu, y se cuentan desde 0.
""",
        "questions": {
            "¿Cuántas de las ocho relus están muertas al final?": (
                len(dead),
                "Las neuronas 3, 4 y 7, tachadas desde la iteración 4.",
            ),
            "¿Por qué no vuelven cuando los demás pesos se han estabilizado?": (
                [
                    "Porque el gradiente de sus pesos es 0.",
                    "Porque el entrenamiento es demasiado corto.",
                    "Porque las demás neuronas las apartan.",
                ],
                "0 por cualquier cosa que llegue es 0. Sus entradas son los datos, que no cambian, "
                "así que nada volverá a abrirlas.",
            ),
            "¿Qué las habría mantenido vivas?": (
                ["Una tasa menor.", "Más iteraciones.", "Una tasa mayor."],
                "Con una tasa de 1 y el mismo comienzo no muere ninguna: cada paso es lo bastante "
                "corto como para poder corregirse.",
            ),
            "Pruébalo: ve del primer fotograma al último. ¿Qué muestran la curva y la frontera?": (
                "El coste da al principio varios saltos hacia arriba, y la última frontera tiene "
                "menos esquinas de las que permitirían ocho relus: le quedan cinco."
            ),
        },
    },
}


def write(path, **lesson):
    """Trains once more, and writes the film."""
    made = film(path, every=4, **lesson)
    train(8.0, [made])
    return str(path)


if __name__ == "__main__":
    print(write("dead.html", **LESSON["en"]))
