"""Softmax and cross-entropy: what comes back to the scores is p − y."""

from microtensor import Tensor, grad, log, page, softmax

z = Tensor([2.0, 1.0, -1.0], requires_grad=True)

p = softmax(z)
p1 = p[1]
l1 = log(p1)
L = -l1

LINES = {
    "en": "Scores become probabilities; the gradient of each score is p − y.",
    "es": "De puntuaciones a probabilidades: el gradiente de cada puntuación es p − t, con la "
    "etiqueta t.",
}
LESSON = {
    "en": {
        "title": "Softmax and cross-entropy",
        "text": """
A network gives three classes the scores z. Softmax makes them positive by exp and divides by their
sum, so that the probabilities p add up to 1. The true class is the second, entry 1 when counted
from 0; the cross-entropy is L = −log p1: small if that probability is near 1.

Go back from L to z. After the logarithm (the natural one) and softmax, whose rule looks long,
something simple stands on the card of z: each score gets p − y, where y is 1 for the true class
and 0 for the others.
""",
        "questions": {
            "Which gradient does the score of the true class get, to two digits or more?": (
                grad(L, z)[1],
                "0.2595 − 1 = −0.7405. A step against it makes that score larger.",
            ),
            "The gradient of the first score is 0.7054. Where does that number stand, too?": (
                ["In p, as its probability.", "In z, as its score.", "In l1, without the sign."],
                "p − 0: the first class isn't the true one, and its whole probability is what "
                "should go away.",
            ),
            "What do the three gradients of the scores add up to?": (
                0,
                "p adds up to 1, and so does y. Hence the same number added to all scores changes "
                "nothing.",
            ),
            "Try it: what would be left of the gradients if the score of the true class were 8?": (
                "Next to nothing: its probability would be 0.997, and p − y nearly 0 for all "
                "three. Who is right has nothing to learn."
            ),
        },
    },
    "es": {
        "title": "Softmax y entropía cruzada",
        "text": """
Una red da a tres clases las puntuaciones z. La softmax las hace positivas con exp y las divide
entre su suma; así las probabilidades p suman 1. La clase verdadera es la segunda, con el índice 1
si se cuenta desde 0, y la entropía cruzada es L = −log p1: pequeña si esa probabilidad se acerca a
1.

Vuelve desde L hasta z. Tras el logaritmo (natural) y la softmax, cuya regla parece larga, en la
tarjeta de z queda algo muy simple: cada puntuación recibe p − t, donde la etiqueta t es 1 para
la clase verdadera y 0 para las demás.
""",
        "questions": {
            "¿Qué gradiente recibe la puntuación de la clase verdadera, con dos cifras o más?": (
                grad(L, z)[1],
                "0.2595 − 1 = −0.7405. Un paso en sentido contrario aumenta esa puntuación.",
            ),
            "El gradiente de la primera puntuación es 0.7054. ¿Dónde aparece también ese número?": (
                ["En p: es su probabilidad.", "En z: es su puntuación.", "En l1, sin el signo."],
                "p − 0: la primera clase no es la verdadera, y toda su probabilidad está de más.",
            ),
            "¿Cuánto suman los tres gradientes de las puntuaciones?": (
                0,
                "Las probabilidades suman 1, y las etiquetas también. Por eso, sumar el mismo "
                "número a todas las puntuaciones no cambia nada.",
            ),
            "Pruébalo: si la puntuación de la clase verdadera fuera 8, ¿qué quedaría de los "
            "gradientes?": (
                "Casi nada: su probabilidad sería 0.997 y los tres gradientes, casi 0. Quien "
                "acierta no tiene nada que aprender."
            ),
        },
    },
}


def write(path, **lesson):
    """Writes the page."""
    return page(L, path, globals(), **lesson)


if __name__ == "__main__":
    print(write("softmax.html", **LESSON["en"]))
