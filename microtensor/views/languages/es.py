"""Español: todo lo que se dice, cada frase por su clave, con nombres entre llaves.

Glosario, para que cada término se diga siempre igual:

- forward, backward: hacia delante, hacia atrás
- upstream gradient: el gradiente que llega (a un valor); lo que ese valor «envía» a los que lo
  formaron es una contribución, y el gradiente es la suma de las contribuciones
- local derivative: derivada local; chain rule: regla de la cadena
- move (of a value): variación, variar; slope: pendiente; kink: punto anguloso; nudge: un pequeño
  cambio
- leaf: hoja; path: camino; edge: arista; step: paso
- entry (of an array): elemento, nunca «entrada», que es la de una red (input); output: salida
- layer: capa; unit: neurona (muerta, saturada); weight: peso; bias: sesgo; cost: coste; loss:
  pérdida
- vanishing, exploding gradient: se desvanece, explota; to starve: quedarse casi sin
  gradiente
- gate: puerta; share: proporción; tie: empate
- picture: figura; to draw: dibujar; card: tarjeta
- training: entrenamiento; film: película; frame: fotograma
- RMS: media cuadrática

Quien lee es «tú». Los números se quedan como los escribe Python, y los nombres, como en el código.
"""

from __future__ import annotations


def grouped(count: str) -> str:
    """`1024`, `245 780`: four cifras van juntas, y nada separa las demás al final de una línea."""
    return count.replace(",", "" if len(count) < 6 else "\u00a0")


def ordinal(place: int) -> str:
    """`1.er`, `2.º`, `3.er`, `4.º`, delante de un sustantivo masculino: el 1.er uso."""
    short = place % 10 in (1, 3) and place % 100 != 11
    return f"{place}.{'er' if short else 'º'}"


SENTENCES = {
    "language": "Español",
    # Words and numbers
    "about": "aproximadamente {number}",
    "million.one": "aproximadamente {number} millón",
    "million.many": "aproximadamente {number} millones",
    "billion.one": "aproximadamente mil millones",
    "billion.many": "aproximadamente {number} mil millones",
    "trillion.one": "aproximadamente {number} billón",
    "trillion.many": "aproximadamente {number} billones",
    "and": " y ",
    "by": " por ",
    "scalar": "escalar",
    "empty": "vacío",
    "rms": "RMS {number}",
    "rms.unmasked": "RMS {number} sin −inf",
    "numbers.one": "{count} número",
    "numbers.many": "{count} números",
    "operations.one": "{count} operación",
    "operations.many": "{count} operaciones",
    "axes.one": "el eje {axes}",
    "axes.many": "los ejes {axes}",
    "use": "({ordinal} uso)",
    "use.brief": "({ordinal} uso)",
    "direct": "(directa)",
    # Names that are words, too, stand in quotes in a sentence
    "name.words": "a al de e el en es la lo me mi ni no o se si su te tu un y ya",
    "name.quoted": "«{name}»",
    # A story
    "story.forward": "Hacia delante: cada valor, a partir de los anteriores.",
    "story.backward": (
        "Hacia atrás, desde el último: cada valor envía el gradiente que le llega × la derivada "
        "local."
    ),
    "story.rules": "Las reglas, cada una donde aparece por primera vez.",
    "story.gradients": "Gradientes",
    "story.skipped": "… {steps:,} pasos omitidos: {kinds} …",
    "story.kind": "{steps:,} de {rule}",
    "story.kinds.one": " y {count} regla más",
    "story.kinds.many": " y {count} reglas más",
    "more": "y {more:,} más",
    "none": "Ninguno: {why}.",
    "none.untracked": "aquí nada requiere gradiente; crea una hoja con requires_grad=True",
    "none.wide": (
        "{name} ({size}) no es un solo número; redúcelo con .sum() o .mean(), o pasa gradient="
    ),
    "nudge": "con {name} + {step}, {out} varía en {up}",
    "nudge.kink": "{moved}, y con {name} − {step}, en {down}: un punto anguloso",
    # Its steps
    "seed": "Se empieza en {name}",
    "seed.one": (
        "∂{name}/∂… dice con qué rapidez varía {name} al variar ese valor, así que {gradient} = 1."
    ),
    "seed.given": (
        "El gradiente que se ha dado llega a {name}: {gradient}, donde {of} es lo que se calcula "
        "después con {name}."
    ),
    "seed.back": (
        "Desde aquí la regla de la cadena va hacia atrás, del valor más reciente al más antiguo, "
        "para que cada gradiente esté completo antes de propagarse."
    ),
    "seed.each": (
        "Cada valor envía el gradiente que le ha llegado multiplicado por una derivada local."
    ),
    "sent": "{source} recibe de {target}",
    "sent.number": "Llega {upstream}; derivada local {local}: ",
    "sent.array": "Llega {upstream}; se envía ",
    "sent.entries": "{formula}, elemento a elemento",
    "sent.added": "{formula}, sumado sobre {axes}",
    "sum.waiting.one": "Hasta ahora, {gradient}; falta {count} contribución.",
    "sum.waiting.many": "Hasta ahora, {gradient}; faltan {count} contribuciones.",
    "sum.long": "suma de las {parts} contribuciones",
    "sum.that": "eso es {gradient}",
    "sum.complete": "{gradient}, completo.",
    "sum.both": "{gradient}, completo: han llegado las dos contribuciones.",
    "sum.all": "{gradient}, completo: han llegado las {parts:,} contribuciones.",
    "rule": "La regla: {reason}",
    "rule.own": "es lo que dice la regla de {rule}",
    "copied.rows": "{name} se copió en {copies:,} filas",
    "copied.columns": "{name} se copió en {copies:,} columnas",
    "copied.places": "{name} se copió en {copies:,} posiciones",
    "copied.back": "{copied}, así que vuelven {copies:,} gradientes, uno por copia: se suman.",
    "products.one": "{out}[i, j] es un solo producto, {left}[i, k] · {right}[k, j]",
    "products.many": "{out}[i, j] suma {count} productos, {left}[i, k] · {right}[k, j]",
    "jacobian": (
        "La jacobiana ∂{out}/∂{name} nunca se construye: sus elementos serían "
        "{rows:,} × {columns:,} = {entries}."
    ),
    "length": "Aquí n = {n:,}.",
    "gate.open": "La puerta está abierta en el {share} de los elementos.",
    "gate.passes": "Hace variar el resultado en el {share} de los elementos.",
    "slope": "Aquí la pendiente es como mucho {slope}.",
    "kink": "{name} vale exactamente 0: está en el punto anguloso.",
    "kink.one": "{name} vale exactamente 0 en {count} elemento: está en el punto anguloso.",
    "kink.many": "{name} vale exactamente 0 en {count} elementos: están en el punto anguloso.",
    # Sums over paths
    "path.one": "{count} camino",
    "path.many": "{count} caminos",
    "paths.lead.one": "{count} camino lleva desde {x} hasta {out}",
    "paths.lead.many": "{count} caminos llevan desde {x} hasta {out}",
    "paths.each": "El producto de las derivadas locales de cada camino:",
    "paths.first": "El producto de las derivadas locales de cada uno de los {most} primeros:",
    "paths.factored": "Todos ellos, sacando factor común:",
    "paths.through": "Todos los caminos pasan por {names}.",
    "paths.count": "Por eso el número de caminos es un producto: {product}.",
    "paths.product": "Y la suma también lo es: {product}.",
    "paths.onward": "{local} × la suma de {paths} desde {target} hasta {out}: {product}",
    "paths.steps.one": "y {count} sumando más",
    "paths.steps.many": "y {count} sumandos más",
    "paths.proof": "La comprobación:",
    "paths.only": "Hay un solo camino, así que su producto es toda la suma: {sum}.",
    "paths.sum": "La suma de todos los caminos es {sum}.",
    "paths.seed": "Multiplicada por {seed}, lo que llega a {out}: {product}.",
    "paths.same": "La propagación hacia atrás dio lo mismo: {gradient}.",
    "paths.rounded": "La propagación hacia atrás dio lo mismo, salvo redondeo ({off}): {gradient}.",
    "paths.other": (
        "La propagación hacia atrás dio otro resultado: {gradient}. Alguna regla del camino no es "
        "lineal en el gradiente que le llega."
    ),
    "paths.overflow": (
        "La propagación hacia atrás dio otro resultado: {gradient}. Por el camino hay números que "
        "se desbordan."
    ),
    "paths.along": "Lo que recibe {name} por cada camino, arista a arista:",
    "paths.part": "parte {i}",
    "paths.parts": "La suma de todas las partes",
    # An entry followed
    "entry.where": "Adónde va:",
    "entry.moves": "{entry} solo cambia de sitio: es {there}, pues {since}.",
    "entry.none": "{entry} no influye en {since}, que le envía 0.",
    "entry.one": "{count} elemento de {name}",
    "entry.many": "{count} elementos de {name}",
    "entry.reaches": (
        "{entry} influye en {what}, pues {since}; gradiente que llega × derivada local:"
    ),
    "entry.others.one": "el otro envía {sum}",
    "entry.others.many": "los otros {count} suman {sum}",
    "entry.zeros.one": "los otros {others:,} suman {sum}; de ellos, {count} envía 0",
    "entry.zeros.many": "los otros {others:,} suman {sum}; de ellos, {count} envían 0",
    "entry.uses.one": "El otro uso de {entry} envía {sum}.",
    "entry.uses.many": "Los otros {count} usos de {entry} envían {sum} en total.",
    "entry.sum": "La suma:",
    "entry.same": "{sum}, que es el gradiente {name}.",
    "entry.other": (
        "{sum}, pero {name} es {gradient}: alguna regla no es lineal en el gradiente que le llega."
    ),
    "entry.overflow": (
        "{sum}, pero {name} es {gradient}: por el camino hay números que se desbordan."
    ),
    # LaTeX
    "latex.skipped": "(se omiten {lines:,} líneas)",
    "latex.added": "(sumado sobre {axes})",
    "latex.words": "si no donde sin y con",
    # A picture
    "role.parameter": "parámetro",
    "role.input": "entrada",
    "role.output": "salida",
    "role.constant": "constante",
    "roles.parameter.one": "{count} parámetro",
    "roles.parameter.many": "{count} parámetros",
    "roles.input.one": "{count} entrada",
    "roles.input.many": "{count} entradas",
    "roles.constant.one": "{count} constante",
    "roles.constant.many": "{count} constantes",
    "picture.forward": "azul ▸ valor, hacia delante",
    "picture.backward": (
        "naranja ◂ gradiente: el que llega × derivada local = contribución; donde se juntan "
        "flechas, se suman"
    ),
    "picture.value": "valor",
    "picture.gradient": "gradiente",
    "picture.again": "otra vez",
    "picture.ones.one": "{count} de {size} es {one}, los demás {zero}",
    "picture.ones.many": "{count} de {size} son {one}, los demás {zero}",
    "picture.alike": "los {size} son {number}",
    "picture.rounds": "× {rounds}, cada vuelta pasa a la siguiente",
    "picture.skips.one": "salto",
    "picture.skips.many": "{count} saltos",
    "picture.untracked": "sin gradiente",
    "picture.none": "– sin calcular",
    "picture.given": "{of}: lo que se calcula después con {name}; ∂{of}/∂{name} se ha dado",
    "picture.entries": "{factor}, elemento a elemento",
    "picture.rule": "según la regla de {rule}",
    "picture.summed": "sumado sobre {axes} ({lengths})",
    "picture.shapes": "({left}) @ ({right}) es {size}",
    "failed": "{name} falló",
    "failed.at": "en {function}, línea {line} de {file}",
    # Its layers
    "layers.forward": "azul ▸ valores",
    "layers.backward": "naranja ◂ gradientes de {name}",
    "layers.read": (
        "barras: histograma · RMS: media cuadrática · más intenso: mayor gradiente, un tono por "
        "cada factor de 3"
    ),
    "layers.rms": "RMS",
    "layers.shared": "compartidos por {calls} llamadas",
    "layers.place": "{name} en {layer}",
    "layers.ratio": "gradiente / valor {ratio}",
    "layers.zero": "todo 0, así que no hay gradiente / valor",
    "layers.least": "◂ aprende menos",
    "layers.nothing": "◂ no aprende nada",
    "layers.last": "la última",
    "row.first": "{name}, primera",
    "row.last": "{name}, última",
    "round.row": "vuelta {round}, {name}",
    "holds": "contiene {leaves}",
    "folded.add": "suma de {terms:,} términos",
    "folded.multiply": "producto de {terms:,} factores",
    "fold.first": "el primero, {name}",
    "fold.last": "el último, {name}",
    "learns.least.one": "{who} es la que menos aprende:",
    "learns.least.many": "{who} son las que menos aprenden:",
    "learns.least.why": (
        "su gradiente es {ratio} veces el tamaño de sus pesos, la menor proporción de todas las "
        "capas"
    ),
    "learns.nothing.one": "{who} no aprende nada:",
    "learns.nothing.many": "{who} no aprenden nada:",
    "learns.nothing.why": "el gradiente de los pesos es 0",
    # What is wrong with a value
    "nonfinite": "no finito: {entries}",
    "nonfinite.masked.one": "{count} de {size} es −inf",
    "nonfinite.masked.many": "{count} de {size} son −inf",
    "nonfinite.gradient": "gradiente {wrong}",
    "nonfinite.value.at": "empieza en el valor de {place}",
    "nonfinite.gradient.at": "empieza en el gradiente de {place}",
    "zeros": "{share} de ceros",
    "saturated.sigmoid": "saturación: el {share}, a menos de 0.01 de 0 o de 1",
    "saturated.tanh": "saturación: el {share}, a menos de 0.01 de ±1",
    "dead.one": "muerta: la neurona {units} vale 0 en los {examples} ejemplos",
    "dead.many": "muertas: las neuronas {units} valen 0 en los {examples} ejemplos",
    "dead.all": "muertas: todas las neuronas valen 0 en los {examples} ejemplos",
    "vanishing": "se desvanece: {times} veces menor que el de {name}",
    "vanishing.zero": "se desvanece: 0",
    "exploding": "explota: {times} veces mayor que el de {name}",
    # A tensor in detail; what changed between two graphs
    "detail.values": "valores",
    "detail.heat": "mapa de calor",
    "detail.row": "fila {row}",
    "detail.corner": "esquina ({shape}):",
    "detail.mean": "media {mean:.4g}",
    "detail.rms": "RMS   {rms:.4g}",
    "difference.heads": "forma, valor o RMS, cambio, RMS de la diferencia, gradiente o RMS",
    "difference.none": "sin calcular",
    "inline.page": (
        "Una página que se ve aquí, si el cuaderno es de confianza, y en cualquier navegador: "
        "{file}"
    ),
    "frames.begin": (
        "Las hojas, de las que sale todo lo demás, tienen sus números; todavía no se ha calculado "
        "nada."
    ),
    # A film of a training
    "film.title": "La película de un entrenamiento",
    "film.play": "Reproducir",
    "film.pause": "Pausa",
    "film.speed": "velocidad",
    "film.space": "Espacio",
    "film.slider": "iteración",
    "film.curve": "El coste en cada iteración. ▲ lo que ocurrió, contado más abajo",
    "film.curve.log": (
        "El coste en cada iteración, en escala logarítmica. ▲ lo que ocurrió, contado más abajo"
    ),
    "film.pace": (
        "A qué ritmo aprende cada capa: su gradiente en proporción a sus pesos, en escala "
        "logarítmica; trazo grueso: la que menos aprende ahora"
    ),
    "film.boundary": "Lo que la red responde a sus dos entradas; puntos y círculos: los ejemplos",
    "film.images": (
        "Cuánto ha cambiado {name} hasta la iteración {iteration}; cada fila es una imagen; gris: "
        "nada"
    ),
    "film.unit": "neurona {unit}",
    "film.now": "Iteración {iteration}: coste {cost}",
    "film.learns": "grad. / {name} {ratio} · cambio {moved}",
    "film.spread": "de {low} a {high}",
    "film.layers": "Las capas",
    "film.happened": "Lo que ocurrió",
    "film.nothing": "No murió ninguna neurona ni se quedó casi sin gradiente ninguna capa.",
    "film.read": (
        "Los valores son los que quedan tras actualizar en esa iteración; los gradientes, los que "
        "llevaron a la actualización. Barras: histogramas (de los arrays grandes, de una muestra "
        "de elementos); los de los valores conservan una misma escala en toda la película, los de "
        "los gradientes tienen una nueva en cada fotograma. RMS: media cuadrática. Cambio: desde "
        "el principio, en proporción a los pesos de ahora. Cuadrados: las neuronas, "
        "tanto más intensas cuantos más ejemplos (de {examples}) las activan; tachadas, si no las "
        "activa ninguno; se cuentan desde 0."
    ),
    "film.at": "iteración {iteration}:",
    "units.die.one": (
        "la neurona {units} de {layer} muere: vale 0 en los {examples} ejemplos, así que a sus "
        "pesos no les llega ningún gradiente."
    ),
    "units.die.many": (
        "las neuronas {units} de {layer} mueren: valen 0 en los {examples} ejemplos, así que a sus "
        "pesos no les llega ningún gradiente."
    ),
    "units.saturate.one": (
        "la neurona {units} de {layer} se satura: está a menos de 0.01 de un extremo en los "
        "{examples} ejemplos, así que casi no pasa gradiente."
    ),
    "units.saturate.many": (
        "las neuronas {units} de {layer} se saturan: están a menos de 0.01 de un extremo en los "
        "{examples} ejemplos, así que casi no pasa gradiente."
    ),
    "units.return.one": "la neurona {units} de {layer} vuelve a la vida.",
    "units.return.many": "las neuronas {units} de {layer} vuelven a la vida.",
    "shut.dead.one": "muerta: la neurona {units}",
    "shut.dead.many": "muertas: las neuronas {units}",
    "shut.saturated.one": "saturada: la neurona {units}",
    "shut.saturated.many": "saturadas: las neuronas {units}",
    "learning.slowest": (
        "{layer} es la que menos aprende: su gradiente es {ratio} veces el tamaño de sus pesos."
    ),
    "learning.stops": "{layer} no aprende nada: el gradiente de sus pesos es 0.",
    "learning.starves": (
        "{layer} se queda casi sin gradiente: es {ratio} veces el tamaño de sus pesos. Desde "
        "el principio ha cambiado un {moved}; {most}, un {other}."
    ),
    # A page
    "page.start": "Inicio",
    "page.previous": "← Anterior",
    "page.next": "Siguiente →",
    "page.end": "Final",
    "page.key.home": "Inicio",
    "page.key.end": "Fin",
    "page.steps": "Pasos",
    "page.step": "Este paso",
    "page.all": "Todos los pasos",
    "page.predict": "predecir",
    "page.answer": "tu respuesta",
    "page.check": "Comprobar",
    "page.show": "Mostrar",
    "page.close": "Cerrar",
    "page.numbers": "Otros números",
    "page.change": "Cambia los números",
    "page.reset": "Restablecer",
    "page.slider": "{name}, control deslizante",
    "page.rounding": (
        "Los números se muestran con 4 cifras significativas; ≈ donde se nota el redondeo."
    ),
    "page.begin": (
        "Las hojas, de las que sale todo lo demás, tienen sus números; todavía no se ha calculado "
        "nada. Con → o «Siguiente» se avanza; al pulsar una tarjeta se ven sus caminos hasta el "
        "resultado."
    ),
    "page.forward": "{name}, hacia delante",
    "page.backward": "{name}, hacia atrás",
    "page.inner": "cada operación",
    "page.arrived.one": "Ha llegado {gradients}.",
    "page.arrived.many": "Han llegado {gradients}.",
    "page.kept": "De ahí salen {gradients}.",
    "page.back": "Hacia atrás se envía {gradient}.",
    "page.back.to": "Hacia atrás se envía a {name} {gradient}.",
    "page.more": "{more:,} más",
    # A worksheet
    "sheet.print": "Imprimir",
    "sheet.blanks": "Hoja de ejercicios",
    "sheet.name": "Nombre:",
    "sheet.date": "Fecha:",
    "sheet.values": "Rellena los huecos: los valores azules. Redondea a 4 cifras significativas.",
    "sheet.sizes": (
        "Rellena los huecos: el tamaño de cada matriz y de lo que pasa por cada flecha; un "
        "gradiente tiene el tamaño de su valor. Después escribe qué necesita cada paso."
    ),
    "sheet.numbers": (
        "Rellena los huecos: primero los valores azules, de las hojas al resultado; luego, "
        "hacia atrás, la derivada local en cada flecha, lo que vuelve por ella (gradiente que "
        "llega × derivada local) y los gradientes naranjas, suma de lo que llega. Redondea a 4 "
        "cifras significativas."
    ),
    "sheet.key": "las soluciones",
    "page.view": "La figura",
    "page.larger": "Ampliar",
    "page.smaller": "Reducir",
    "page.fit": "Ajustar",
    "page.print": "Imprimir como diapositivas",
    "page.learn": "Varía y entrena",
    "page.which": "Variar",
    "page.by": "en",
    "page.rate": "tasa de aprendizaje",
    "page.descend": "Un paso cuesta abajo",
    "page.curve": "El coste tras cada paso",
    "page.keys": "mayúsculas y flechas mueven la figura, + y − cambian su tamaño, 0 la ajusta",
    "page.still.large": (
        "Aquí no se pueden probar otros números: el grafo tiene {numbers} números, y una página "
        "recalcula como mucho {most}."
    ),
    "page.still.unwritten": (
        "Aquí no se pueden probar otros números: falta la versión de {rule} en JavaScript."
    ),
    "page.unrecorded.one": (
        "{names} conserva su número, cambies lo que cambies: no se registró con qué se calculó."
    ),
    "page.unrecorded.many": (
        "{names} conservan sus números, cambies lo que cambies: no se registró con qué se "
        "calcularon."
    ),
    # A lesson
    "lesson.links": "Lecciones",
    "lesson.questions": "Preguntas",
    "lesson.answer": "Respuesta",
    "lesson.right": "Correcto.",
    "lesson.wrong": "Todavía no; inténtalo de nuevo.",
    "lesson.none": "Elige una respuesta, o escribe un número, como −1.5.",
    "lesson.score": "{right} de {all} correctas, {first} a la primera.",
    # Its script
    "script.if": " si ",
    "script.dark": "Oscuro",
    "script.light": "Claro",
    "script.step": "paso {step} de {last}",
    "script.question": "Llega {upstream}; derivada local {local}. ¿Cuánto se envía?",
    "script.number": "Escribe un número, como −1.5.",
    "script.wrong": (
        "Todavía no; inténtalo de nuevo: gradiente que llega × derivada local, con 4 cifras "
        "significativas."
    ),
    "script.right": "Correcto.",
    "script.result": "{out}: el resultado",
    "script.begins": "{gradient}: donde empiezan los gradientes.",
    "script.untracked": "No requiere gradiente, así que no se calcula ninguno.",
    "script.hidden": "Su suma es el gradiente. Avanza para ver los números.",
    "script.sum": "Suma de los caminos: {sum}.",
    "script.rest": "El último número es la suma de los caminos que no están en la lista ({rest}).",
    "script.more": "Y {rest} más.",
    "script.arrives": "Lo que llega:",
    "script.from": "de {name}: {sent}",
    "script.both": "El gradiente de {name} es la suma.",
    # The command line
    "shell.usage": "uso: ",
    "shell.arguments": "argumentos",
    "shell.options": "opciones",
    "shell.commands": "órdenes",
    "shell.help": "muestra esta ayuda y termina",
    "shell.language": "idioma de todos los textos; si falta, el de MICROTENSOR_LANGUAGE",
    "shell.about": (
        "python -m microtensor: dibuja una fórmula o un tensor de un script, cuenta su regla de la "
        "cadena, escribe su programa o dice lo que hay instalado."
    ),
    "shell.of": (
        ": de una fórmula con valores para sus nombres, como {command} "
        '"log(sigmoid(w*x + b))" w=2 x=-1 b=0.5, o del valor que un script llama L al terminar, '
        "{command} script.py:L, que EJECUTA el script, con todo lo que haga. Los valores son "
        "números, vectores [1, 2] y matrices [[1, 2], [3, 4]]."
    ),
    "shell.version": "muestra la versión",
    "shell.target": "FÓRMULA|script.py:nombre",
    "shell.value": "nombre=valor",
    "shell.values": "para los nombres de una fórmula",
    "shell.name": "NOMBRE",
    "shell.file": "ARCHIVO",
    "command.draw": "dibuja el grafo",
    "shell.draw.output": ".svg, .png, .pdf, .dot, .mmd o .txt",
    "shell.draw.collapse": "auto, una profundidad (0: ninguna) o un grupo",
    "command.explain": "cuenta la regla de la cadena, paso a paso",
    "shell.explain.wrt": "solo el gradiente de este valor",
    "shell.explain.latex": "en ecuaciones",
    "shell.explain.html": "escribe una página que la recorre paso a paso",
    "command.source": "escribe el programa en NumPy, hacia delante y hacia atrás",
    "shell.source.output": "un archivo, como programa.py; si no, se imprime",
    "shell.source.xp": "numpy o jax.numpy",
    "command.doctor": "dice lo que hay instalado",
    "doctor.python": "",
    "doctor.numpy": "calcula",
    "doctor.graphviz": "escribe las figuras",
    "doctor.pygraphviz": "dibuja; desde la versión 2, sin el programa dot",
    "doctor.matplotlib": "traza gráficas",
    "doctor.tqdm": "muestra una barra de progreso",
    "doctor.Pillow": "lee fotos",
    "doctor.dot": "dibuja",
    "shell.nn": (
        "nn: hay otro de por medio, {place}: si es un archivo tuyo, cámbiale el nombre; "
        "si no, pip uninstall nn y vuelve a instalar microtensor"
    ),
    "shell.pictures": "se puede dibujar: sí",
    "shell.pictures.none": "no se puede dibujar: {error}",
    "script.close": "▾ {name}, abierta: cerrar",
    "script.entry": "Elige un elemento para ver con qué se calculó y en qué influye.",
    "script.later": "Su gradiente no está completo en este paso. Avanza para verlo.",
    "script.came": "{entry} se calculó a partir de {name}, pues {since}; lo que vuelve allí:",
    "script.run": "Bajar sin parar",
    "script.stop": "Parar",
    "script.moved": "{out} varía en {moved}; según la pendiente, {sent}.",
    "script.cost.one": "Tras {count} paso, {out} = {cost}; al principio era {first}.",
    "script.cost.many": "Tras {count} pasos, {out} = {cost}; al principio era {first}.",
    "script.beyond": "La figura es mayor que su ventana: arrástrala o pulsa Ajustar.",
    "script.diverged": "No es un número finito: restablece los números y prueba una tasa menor.",
    "script.never": (
        "No era un número finito desde el principio, y eso no lo arregla ninguna tasa: hacen falta "
        "otros números."
    ),
    "script.ask.local": "{since}, con {known}. ¿Cuál es la derivada local {local}?",
    "script.ask.sum": "Hasta ahora {gradient} valía {before}. Llega {sent}. ¿Cuánto vale ahora?",
    "script.ask.shape": "Formas: {known}. ¿Qué forma tiene {expression}?",
    "script.ask.sent": "Forma de {upstream}: {size}. ¿Qué forma tiene lo que {name} envía a {to}?",
    "script.ask.layer": "¿Qué forma tiene {name}?",
    "script.shape": "Escribe una forma, como 2×4 (o 2, 4); la de un solo número: escalar.",
    "script.again": "Todavía no; inténtalo de nuevo.",
    "script.score": "{right} de {all} correctas a la primera",
    "script.at": "paso {step}:",
    "script.said": "Tu respuesta fue {said}; la correcta es {right}.",
    "script.review": "Para repasar:",
    "script.perfect": "Todas correctas a la primera.",
    # Where a nan or an infinity is born
    "born.value": "{name} = {expression} es {value}: {why}",
    "born.sent": "Lo que {name} envía a {to} es {value}, {numbers}: {why}",
    "born.log": "log baja sin límite cuando su argumento se acerca a 0.",
    "born.domain": "{rule} de {x} no es un número real.",
    "born.zero": "{x} / 0 crece sin límite.",
    "born.nothing": "0 / 0 no tiene valor.",
    "born.infzero": (
        "inf × 0 no tiene valor, pues un factor crece sin límite y el otro se anula. Desde aquí, "
        "todo aquello en lo que influye es nan."
    ),
    "born.difference": "inf − inf no tiene valor.",
    "born.infinite": "{rule} de un infinito no tiene valor aquí.",
    "born.overflow": (
        "se desborda: un número de 64 bits llega hasta 1.8e308, y lo que pasa de ahí es inf."
    ),
    "born.slope": "aquí la pendiente es infinita, {local} = {slope}.",
    "born.noslope": "{local} no tiene valor aquí.",
}

# What the lexicon's rows say
LEXICON = {
    "{g}, the entry of operand {k}": "{g}, el elemento del operando {k}",
    # Local derivatives
    "1 if {0} > 0 else 0": "1 si {0} > 0; 0 si no",
    "1 if {0} > {1} else 0 (tie ½)": "1 si {0} > {1}; ½ si hay empate; 0 si no",
    "1 if {1} > {0} else 0 (tie ½)": "1 si {1} > {0}; ½ si hay empate; 0 si no",
    "1 if {0} < {1} else 0 (tie ½)": "1 si {0} < {1}; ½ si hay empate; 0 si no",
    "1 if {1} < {0} else 0 (tie ½)": "1 si {1} < {0}; ½ si hay empate; 0 si no",
    "1 if {1} ≤ {0} ≤ {2} else 0": "1 si {1} ≤ {0} ≤ {2}; 0 si no",
    "1 if {0} < {1} else 0": "1 si {0} < {1}; 0 si no",
    "1 if {0} > {2} else 0": "1 si {0} > {2}; 0 si no",
    "1 if {0} else 0": "1 si {0}; 0 si no",
    "0 if {0} else 1": "0 si {0}; 1 si no",
    # How it is written
    "({1} if {0} else {2})": "({1} si {0}; {2} si no)",
    "not {0}": "no {0}",
    # What is sent
    "the same product, with {g} in place of operand {k}": (
        "el mismo producto, con {g} en lugar del operando {k}"
    ),
    "{g}, copied to each entry": "{g}, copiado en cada elemento",
    "{g} / {n}, copied to each entry": "{g} / {n}, copiado en cada elemento",
    "{g} where {0} is largest, else 0 (ties share)": (
        "{g} donde {0} es máximo, 0 en lo demás (los empates se reparten)"
    ),
    "{g} where {0} is smallest, else 0 (ties share)": (
        "{g} donde {0} es mínimo, 0 en lo demás (los empates se reparten)"
    ),
    "{g} · product of the other entries": "{g} · producto de los demás elementos",
    "{g}, summed from each entry to the end": "{g}, sumado desde cada elemento hasta el final",
    "product before · ({g} + later {g}·products up to there)": (
        "producto anterior · ({g} + {g} posteriores·productos hasta allí)"
    ),
    "{g}, sorted back": "{g}, devuelto al orden de antes",
    "{g} · cofactors({0})": "{g} · cofactores({0})",
    "{g}, times the minors without two rows and two columns": (
        "{g}, por los menores sin dos filas ni dos columnas"
    ),
    "{out}⁻ᵀ @ half({out}ᵀ @ {g}) @ {out}⁻¹, made symmetric": (
        "{out}⁻ᵀ @ mitad({out}ᵀ @ {g}) @ {out}⁻¹, hecho simétrico"
    ),
    "−{out}ᵀ @ {g} @ {out}ᵀ, and what turns the spaces of {0}": (
        "−{out}ᵀ @ {g} @ {out}ᵀ, y lo que gira los espacios de {0}"
    ),
    "V · {g} @ Vᵀ, of the eigenvectors V": "V · {g} @ Vᵀ, con los autovectores V",
    "{out} @ ({out}ᵀ @ {g} / gaps) @ {out}ᵀ, made symmetric": (
        "{out} @ ({out}ᵀ @ {g} / diferencias) @ {out}ᵀ, hecho simétrico"
    ),
    "U · {g} @ Vᵀ, of the singular vectors": "U · {g} @ Vᵀ, con los vectores singulares",
    "{g}, turned among the singular vectors": "{g}, girado entre los vectores singulares",
    "{g}, reshaped back": "{g}, con la forma de antes",
    "{g}, transposed back": "{g}, con los ejes como antes",
    "{g}, flipped back": "{g}, volteado de nuevo",
    "{g}, rolled back": "{g}, desplazado al revés",
    "{g}, summed over the windows": "{g}, sumado sobre las ventanas",
    "{g}, seen through the windows": "{g}, visto a través de las ventanas",
    "{g}, summed over the copies": "{g}, sumado sobre las copias",
    "{g}, the part of operand {k}": "{g}, la parte del operando {k}",
    "{g} without the padding": "{g} sin el relleno",
    "{g}, where operand {k} was put": "{g}, donde se puso el operando {k}",
    "{g} put at [{index}], 0 elsewhere": "{g} puesto en [{index}], 0 en lo demás",
    # Why: arithmetic
    "a sum moves as much as each of its parts": (
        "una suma varía tanto como cada uno de sus sumandos"
    ),
    "a difference moves as much as what it starts from": (
        "una diferencia varía tanto como su minuendo"
    ),
    "a difference falls as much as what is taken away grows": (
        "una diferencia baja tanto como sube su sustraendo"
    ),
    "a factor's move is multiplied by the other factor": (
        "la variación de un factor se multiplica por el otro factor"
    ),
    "a numerator's move is divided by the denominator": (
        "la variación del numerador se divide por el denominador"
    ),
    "by the quotient rule −{0}/{1}², which is −{out}/{1}": (
        "respecto al denominador, la derivada del cociente es −{0}/{1}², es decir, −{out}/{1}"
    ),
    "a turned sign turns the gradient's sign": (
        "un cambio de signo cambia también el signo del gradiente"
    ),
    "by the power rule the exponent comes down, and falls by 1": (
        "al derivar una potencia, el exponente pasa a multiplicar y disminuye en 1"
    ),
    "the slope of an exponential is itself times the log of its base": (
        "la pendiente de una exponencial es la propia exponencial por el logaritmo de su base"
    ),
    "an entry of {0} reaches {L} through every entry in its row of {out}, so add over the row": (
        "un elemento de {0} influye en {L} a través de todos los de su fila de {out}: se suma "
        "sobre la fila"
    ),
    "an entry of {1} reaches {L} through every entry in its column of {out}, so add over the "
    "column": (
        "un elemento de {1} influye en {L} a través de todos los de su columna de {out}: se suma "
        "sobre la columna"
    ),
    "{me}[i, k] reaches {L} through every {out}[i, j] in its row, so add over j": (
        "{me}[i, k] influye en {L} a través de todos los {out}[i, j] de su fila: se suma sobre j"
    ),
    "{me}[k, j] reaches {L} through every {out}[i, j] in its column, so add over i": (
        "{me}[k, j] influye en {L} a través de todos los {out}[i, j] de su columna: se suma sobre i"
    ),
    "each product has one factor from either side, and moves by the other one": (
        "cada producto tiene un factor de cada lado; su derivada respecto a uno es el otro"
    ),
    "an entry of {me} reaches {L} through one entry of {out}, times its partner in {other}": (
        "un elemento de {me} influye en {L} a través de un solo elemento de {out}, multiplicado "
        "por su pareja en {other}"
    ),
    "an entry of {me} reaches {L} through every entry of {out}, so add over them": (
        "un elemento de {me} influye en {L} a través de todos los de {out}: se suma sobre ellos"
    ),
    "in a sum of products a factor's move is multiplied by the others, then added up": (
        "en una suma de productos, la variación de un factor se multiplica por los otros, y luego "
        "se suma"
    ),
    # Functions of one number
    "exp is its own derivative": "exp es su propia derivada",
    "exp is its own derivative, and the 1 taken off never moves": (
        "exp es su propia derivada, y el 1 que se resta no varía"
    ),
    "log is steep near 0 and flat far from it, with slope 1/{0}": (
        "log, el logaritmo natural, crece deprisa cerca de 0 y despacio lejos de él, con "
        "pendiente 1/{0}"
    ),
    "log's slope at 1 + {0} is 1/(1 + {0})": "la pendiente de log en 1 + {0} es 1/(1 + {0})",
    "a root is steep near 0, with slope 1 over twice the root": (
        "una raíz crece deprisa cerca de 0, con pendiente 1 entre el doble de la raíz"
    ),
    "by the power rule the exponent 2 comes down": (
        "al derivar una potencia, el exponente 2 pasa a multiplicar"
    ),
    "the slope of sin is cos": "la pendiente del seno es el coseno",
    "the slope of cos is −sin": "la pendiente del coseno es menos el seno",
    "a move up turns the angle by {1} over the squared distance from the origin": (
        "una variación hacia arriba gira el ángulo en {1} entre el cuadrado de la distancia al "
        "origen"
    ),
    "a move to the right turns it back by {0} over the squared distance": (
        "una variación hacia la derecha lo gira en sentido contrario, en {0} entre el cuadrado de "
        "la distancia"
    ),
    "tanh is steepest at 0, where its slope is 1, and flat far from it": (
        "tanh tiene en 0 su mayor pendiente, 1, y es casi plana lejos de él"
    ),
    "tan's slope is 1 over the square of cos, which is 1 + {out}²": (
        "la pendiente de la tangente es 1 entre el coseno al cuadrado, que es 1 + {out}²"
    ),
    "the slope of sinh is cosh": "la pendiente del seno hiperbólico es el coseno hiperbólico",
    "the slope of cosh is sinh": "la pendiente del coseno hiperbólico es el seno hiperbólico",
    "the slope of an inverse is 1 over the slope of what it undoes": (
        "la pendiente de una función inversa es 1 entre la pendiente de la función que deshace"
    ),
    "log is steep near 0 and flat far from it, and this one is log over log 2": (
        "log crece deprisa cerca de 0 y despacio lejos de él, y este es log entre log 2"
    ),
    "log is steep near 0 and flat far from it, and this one is log over log 10": (
        "log crece deprisa cerca de 0 y despacio lejos de él, y este es log entre log 10"
    ),
    "a root is steep near 0, with slope 1 over 3 times its square": (
        "una raíz crece deprisa cerca de 0, con pendiente 1 entre 3 veces su cuadrado"
    ),
    "by the quotient rule −1/{0}², which is −{out}²": (
        "respecto al denominador, la derivada del cociente es −1/{0}², es decir, −{out}²"
    ),
    "a degree is π/180 radians": "un grado son π/180 radianes",
    "a radian is 180/π degrees": "un radián son 180/π grados",
    "its slope is the bell curve that it is the area under": (
        "su pendiente es la campana de Gauss cuya área acumula"
    ),
    "a leg moves the hypotenuse by its part of it": (
        "un cateto hace variar la hipotenusa según el cociente entre los dos"
    ),
    "a term's move reaches the result by its share of the sum": (
        "la variación de un término llega al resultado según su proporción en la suma"
    ),
    "sigmoid's slope is at most 0.25, so each one shrinks the gradient at least four times": (
        "la pendiente de la sigmoide es como mucho 0.25, así que cada una divide el gradiente al "
        "menos por 4"
    ),
    "a soft gate, whose slope is sigmoid, from 0 to 1": (
        "una puerta suave, cuya pendiente es la sigmoide, de 0 a 1"
    ),
    # Steps
    "a step is flat wherever it doesn't jump, so no gradient goes back": (
        "un escalón es plano salvo donde salta, así que no vuelve ningún gradiente"
    ),
    "a remainder moves as what is divided does": "un resto varía igual que el dividendo",
    "the divisor is taken off a whole number of times, and counts so often": (
        "el divisor se resta un número entero de veces; ese número, con signo menos, es la "
        "pendiente"
    ),
    # Kinks and gates
    "a gate, open where {0} > 0, closed below, and at 0 by convention": (
        "una puerta, abierta donde {0} > 0 y cerrada por debajo; en 0, cerrada por convenio"
    ),
    "slope 1 above 0, −1 below, and at the kink 0 by convention": (
        "pendiente 1 por encima de 0, −1 por debajo y, en el punto anguloso, 0 por convenio"
    ),
    "only the larger one moves the result; a tie shares equally": (
        "solo el mayor hace variar el resultado; un empate se reparte por igual"
    ),
    "only the smaller one moves the result; a tie shares equally": (
        "solo el menor hace variar el resultado; un empate se reparte por igual"
    ),
    "a gate, open within the bounds and at them, closed outside": (
        "una puerta, abierta entre los límites y en ellos, cerrada fuera"
    ),
    "the lower bound moves the result only where {0} lies below it": (
        "el límite inferior hace variar el resultado solo donde {0} queda por debajo"
    ),
    "the upper bound moves the result only where {0} lies above it": (
        "el límite superior hace variar el resultado solo donde {0} queda por encima"
    ),
    "a condition has no derivative": "una condición no tiene derivada",
    "it moves the result only where the condition chose it": (
        "hace variar el resultado solo donde la condición lo eligió"
    ),
    # Reductions, and what else mixes the entries of an axis
    "every entry's move reaches the sum whole, so each gets the same": (
        "la variación de cada elemento llega entera a la suma, así que todos reciben lo mismo"
    ),
    "1/n of every entry's move reaches the mean, so each gets an nth part": (
        "a la media llega 1/n de la variación de cada elemento, así que cada uno recibe la n-ésima "
        "parte"
    ),
    "only the largest entry moves the maximum; several equal ones share": (
        "solo el elemento mayor hace variar el máximo; si hay varios iguales, se reparte"
    ),
    "only the smallest entry moves the minimum; several equal ones share": (
        "solo el elemento menor hace variar el mínimo; si hay varios iguales, se reparte"
    ),
    "an entry's move is multiplied by all the other entries": (
        "la variación de un elemento se multiplica por todos los demás"
    ),
    "an entry moves the variance by its distance from the mean, times 2/(n − ddof)": (
        "un elemento hace variar la varianza en proporción a su distancia a la media, con el "
        "factor 2/(n − ddof)"
    ),
    "an entry is part of its own sum and of every later one, so add what they send": (
        "un elemento es parte de su propia suma y de todas las posteriores: se suma lo que envían"
    ),
    "an entry is a factor of its own product and of every later one, so add what they send, times "
    "the other factors": (
        "un elemento es factor de su propio producto y de todos los posteriores: se suma lo que "
        "envían, por los demás factores"
    ),
    "only places change, so each entry's gradient goes back to where it came from": (
        "solo cambia la posición de los elementos, así que el gradiente de cada uno vuelve a su "
        "sitio"
    ),
    "an entry's move reaches the result by its share, its softmax": (
        "la variación de un elemento llega al resultado según su proporción, su softmax"
    ),
    "shares add up to 1, so one grows only as others shrink, and the mean of what arrives, "
    "weighted by the shares, is taken off": (
        "las proporciones suman 1, así que una crece solo si otras bajan; por eso se resta la "
        "media de lo que llega, ponderada con ellas"
    ),
    "an entry raises its own log share by 1, and lowers all by its share": (
        "un elemento sube en 1 el logaritmo de su propia proporción, y baja los de todos según "
        "esa proporción"
    ),
    # Linear algebra
    "from {0} @ {out} = {1}, a move of {0} is a move of {1} by as much times −{out}": (
        "como {0} @ {out} = {1}, una variación de {0} equivale a una de {1}, multiplicada por "
        "−{out}"
    ),
    "{1} moves the solution by the inverse of {0}, and the gradient returns by its transpose": (
        "{1} hace variar la solución según la inversa de {0}, y el gradiente vuelve por la "
        "traspuesta de esta"
    ),
    "as 1/x has the slope −1/x², with an inverse on either side": (
        "como 1/x, que tiene pendiente −1/x², con una inversa a cada lado"
    ),
    "along a row or column the determinant is a sum of entries times their cofactors": (
        "desarrollado por una fila o columna, el determinante es la suma de sus elementos por sus "
        "cofactores"
    ),
    "a cofactor is a determinant itself, of the rows and columns that are left": (
        "un cofactor es también un determinante, el de las filas y columnas que quedan"
    ),
    "log's slope is 1/det, and the cofactors over det are the inverse, transposed": (
        "la pendiente de log es 1/det, y los cofactores entre det son la inversa traspuesta"
    ),
    "from {out} @ {out}ᵀ = {0}, where {out} moves in its lower triangle alone": (
        "como {out} @ {out}ᵀ = {0}, donde {out} varía solo en su triángulo inferior"
    ),
    "an inverse within the space that {0} reaches, which turns with {0}": (
        "una inversa dentro del espacio imagen de {0}, que gira con {0}"
    ),
    "an eigenvalue vᵀ @ {0} @ v moves by vᵀ times the move times v": (
        "un autovalor vᵀ @ {0} @ v varía en vᵀ @ (la variación) @ v"
    ),
    "eigenvectors turn towards each other, the faster the nearer their eigenvalues are": (
        "los autovectores giran unos hacia otros, tanto más deprisa cuanto más cerca están sus "
        "autovalores"
    ),
    "a singular value uᵀ @ {0} @ v moves by uᵀ times the move times v": (
        "un valor singular uᵀ @ {0} @ v varía en uᵀ @ (la variación) @ v"
    ),
    "singular vectors turn towards each other, the faster the nearer their values are": (
        "los vectores singulares giran unos hacia otros, tanto más deprisa cuanto más cerca están "
        "sus valores"
    ),
    "an entry moves the norm by its share of it, to the power ord − 1": (
        "un elemento hace variar la norma según su proporción en ella, elevada a ord − 1"
    ),
    "a length grows by the part of a move that lies along it": (
        "una longitud crece según la parte de la variación que va en su dirección"
    ),
    # Shapes
    "an entry stands in every window that it is part of, so add what returns to each": (
        "un elemento puede estar en varias ventanas: se suma lo que vuelve de todas ellas"
    ),
    "every window takes the gradient of the entries that it was added to": (
        "cada ventana toma el gradiente de los elementos a los que se sumó"
    ),
    "each entry was copied, so add what returns to its copies": (
        "cada elemento se copió: se suma lo que vuelve a sus copias"
    ),
    "only the kind of number changes, so the gradient passes": (
        "solo cambia el tipo de número, así que el gradiente pasa tal cual"
    ),
    "each part takes its own piece of the gradient back": (
        "cada parte recupera su trozo del gradiente"
    ),
    "the padding never moves, so what returns to it is dropped": (
        "el relleno no varía, así que lo que vuelve a él se descarta"
    ),
    "each entry takes its gradient back from where it was put": (
        "cada elemento recupera su gradiente de donde se puso"
    ),
    "each part takes its gradient back from where it was put": (
        "cada parte recupera su gradiente de donde se puso"
    ),
    "entries that were picked get their gradient, all others get 0": (
        "los elementos elegidos reciben su gradiente; todos los demás, 0"
    ),
}
