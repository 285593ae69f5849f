"""The cat classifier, layer by layer, before its first step of training."""

import nn
from microtensor import Tensor, page

cats = nn.datasets.drawn_cats()
X = Tensor(cats.train_images / 255)
y = Tensor(cats.train_labels)

model = nn.CatClassifier(rng=1)
L = nn.BCELoss()(model(X), y)

first = 12288 * 20 + 20

LINES = {
    "en": "Four layers, 245,973 parameters and 209 drawings: the same rules, a card for each "
    "layer.",
    "es": "Cuatro capas, 245 973 parámetros y 209 dibujos: las mismas reglas, una tarjeta por "
    "capa.",
}
LESSON = {
    "en": {
        "title": "The cat classifier",
        "text": """
209 drawings of 12288 numbers each go through layers of 20, 7, 5 and 1 neurons, and the loss L says
how wrong the answers are. A card is a layer, called as in the program: layer1 to layer4, each a
Sequential, whose steps (layers.0, layers.1) follow one another. It shows weights W, biases b, sums
Z and activations A, each as a histogram and as its root mean square (RMS), and their gradients
beside them. BCELoss is binary cross-entropy: the mean of −log of what the right answers got.

Go forward to the loss, then back. A layer takes from the gradient that arrives the gradients of its
own weights and biases, and sends the layer before it the gradient of what that one gave.
""",
        "questions": {
            "Two units are called dead. What does that mean?": (
                [
                    "Their relus are shut for every drawing.",
                    "Their weights are 0.",
                    "They were switched off to save time.",
                ],
                "No gradient comes back through them, so their weights stand still.",
            ),
            "How many weights and biases does the first layer have?": (
                first,
                "12288 · 20 weights and 20 biases: 245,780 of the network's 245,973 parameters.",
            ),
            "W1 has a smaller gradient (RMS) than W3. Why does layer3 learn least all the same?": (
                [
                    "Its weights are larger still, so they change least for their size.",
                    "It has fewer weights.",
                    "It is nearer to the loss.",
                ],
                "A step that is small beside a weight changes little. Each card notes that share, "
                "gradient / value: 1.705 in layer1, 0.05676 in layer3.",
            ),
            "Try it: open “each operation” of a step on the way back. What does layer3 send on?": (
                "The gradient of what layer2 gave, 209 rows of 7 numbers: what arrives at its "
                "sums Z, times its weights."
            ),
        },
    },
    "es": {
        "title": "El clasificador de gatos",
        "text": """
209 dibujos de 12288 números cada uno pasan por capas de 20, 7, 5 y 1 neuronas, y la pérdida L dice
cuánto se equivoca la red. Cada tarjeta es una capa y se llama como en el programa: de layer1 a
layer4, cada una un Sequential, cuyos pasos (layers.0, layers.1) van uno tras otro. Muestra pesos W,
sesgos b, sumas Z y activaciones A, como histograma y como media cuadrática (RMS), con sus
gradientes al lado. BCELoss es la entropía cruzada binaria: la media de −log de la probabilidad que
recibió la respuesta correcta.

Avanza hasta la pérdida y vuelve. Del gradiente que le llega, una capa saca los de sus propios pesos
y sesgos, y envía a la capa anterior el de lo que recibió de ella.
""",
        "questions": {
            "De dos neuronas se dice que están muertas. ¿Qué significa?": (
                [
                    "Sus relus están cerradas para todos los dibujos.",
                    "Sus pesos son 0.",
                    "Se han desconectado para ahorrar tiempo.",
                ],
                "Por ellas no vuelve ningún gradiente, así que sus pesos se quedan como están.",
            ),
            "¿Cuántos pesos y sesgos tiene la primera capa?": (
                first,
                "12288 · 20 pesos y 20 sesgos: 245 780 de los 245 973 parámetros de la red.",
            ),
            "W1 tiene un gradiente menor (RMS) que W3. ¿Por qué, aun así, es layer3 la que menos "
            "aprende?": (
                [
                    "Sus pesos son aún mayores: para su tamaño, cambian menos.",
                    "Tiene menos pesos.",
                    "Está más cerca de la pérdida.",
                ],
                "Un paso pequeño en comparación con un peso lo cambia poco. Cada tarjeta indica "
                "esa proporción, gradiente / valor: 1.705 en layer1, 0.05676 en layer3.",
            ),
            "Pruébalo: abre «cada operación» en un paso hacia atrás. ¿Qué envía layer3?": (
                "El gradiente de lo que dio layer2, 209 filas de 7 números: lo que llega a sus "
                "sumas Z, multiplicado por sus pesos."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, {"X": X, "y": y, "L": L}, **lesson)


if __name__ == "__main__":
    print(write("cats.html", **LESSON["en"]))
