"""What is said, in English: each sentence by a key, with names in braces for what is filled in.

A sentence that depends on a count stands twice, as `.one` and `.many`.
"""

from __future__ import annotations


def grouped(count: str) -> str:
    """A count as Python groups it: `1,024`."""
    return count


def form(count: int) -> str:
    """Which form of a sentence a count takes."""
    return "one" if count == 1 else "many"


def ordinal(place: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`."""
    end = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{end}"


LEXICON: dict[str, str] = {}  # what the lexicon's rows say is English

SENTENCES = {
    "language": "English",
    # Words and numbers
    "about": "about {number}",
    "million.one": "about {number} million",
    "million.many": "about {number} million",
    "billion.one": "about {number} billion",
    "billion.many": "about {number} billion",
    "trillion.one": "about {number} trillion",
    "trillion.many": "about {number} trillion",
    "and": " and ",
    "by": " by ",
    "scalar": "scalar",
    "empty": "empty",
    "rms": "RMS {number}",
    "rms.unmasked": "RMS {number} without −inf",
    "numbers.one": "{count} number",
    "numbers.many": "{count} numbers",
    "operations.one": "{count} operation",
    "operations.many": "{count} operations",
    "axes.one": "axis {axes}",
    "axes.many": "axes {axes}",
    "use": "({ordinal} use)",
    "use.brief": "({ordinal})",
    "direct": "(direct)",
    # Names that are words, too, stand in quotes in a sentence: none here
    "name.words": "",
    "name.quoted": "“{name}”",
    # A story
    "story.forward": "Forward: each value from those before it.",
    "story.backward": (
        "Backward: newest first, each value sends upstream × local to what it came from."
    ),
    "story.rules": "The rules, each where it first works.",
    "story.gradients": "Gradients",
    "story.skipped": "… {steps:,} steps left out: {kinds} …",
    "story.kind": "{steps:,} of {rule}",
    "story.kinds.one": " and {count} other rule",
    "story.kinds.many": " and {count} other rules",
    "more": "and {more:,} more",
    "none": "None: {why}.",
    "none.untracked": "nothing here requires a gradient; make a leaf with requires_grad=True",
    "none.wide": (
        "{name} ({size}) isn't a single number; reduce it by .sum() or .mean(), or pass gradient="
    ),
    "nudge": "{name} + {step} moves {out} by {up}",
    "nudge.kink": "{moved}, and {name} − {step} by {down}: a kink",
    # Its steps
    "seed": "Start at {name}",
    "seed.one": "∂{name}/∂… is how fast {name} moves when that value moves, so {gradient} = 1.",
    "seed.given": (
        "The gradient handed over arrives at {name}: {gradient}, where {of} is what {name} leads "
        "to."
    ),
    "seed.back": (
        "From here the chain rule goes back, newest value first, so that a gradient is complete "
        "before it is sent on."
    ),
    "seed.each": "Each value sends what arrived at it (upstream) times a local derivative.",
    "sent": "{target} sends to {source}",
    "sent.number": "Upstream {upstream}, local {local}: ",
    "sent.array": "Upstream {upstream}; it sends ",
    "sent.entries": "{formula}, entry by entry",
    "sent.added": "{formula}, added over {axes}",
    "sum.waiting.one": "So far {gradient}; {count} contribution still to come.",
    "sum.waiting.many": "So far {gradient}; {count} contributions still to come.",
    "sum.long": "sum of the {parts} contributions",
    "sum.that": "that is {gradient}",
    "sum.complete": "{gradient}, complete.",
    "sum.both": "{gradient}, complete: both contributions have arrived.",
    "sum.all": "{gradient}, complete: all {parts:,} contributions have arrived.",
    "rule": "The rule: {reason}",
    "rule.own": "that is what the rule of {rule} says",
    "copied.rows": "{name} was copied to {copies:,} rows",
    "copied.columns": "{name} was copied to {copies:,} columns",
    "copied.places": "{name} was copied to {copies:,} places",
    "copied.back": "{copied}, so {copies:,} gradients return: add them.",
    "products.one": "{out}[i, j] adds up {count} product, {left}[i, k] · {right}[k, j]",
    "products.many": "{out}[i, j] adds up {count} products, {left}[i, k] · {right}[k, j]",
    "jacobian": (
        "The Jacobian ∂{out}/∂{name} would hold {rows:,} × {columns:,} = {entries} numbers; it is "
        "never built."
    ),
    "length": "Here n = {n:,}.",
    "gate.open": "The gate is {share} open.",
    "gate.passes": "It moves the result in {share} of the entries.",
    "slope": "Here the slope is at most {slope}.",
    "kink": "{name} is exactly 0: at the kink.",
    "kink.one": "{name} is exactly 0 in {count} entry: at the kink.",
    "kink.many": "{name} is exactly 0 in {count} entries: at the kink.",
    # Sums over paths
    "path.one": "{count} path",
    "path.many": "{count} paths",
    "paths.lead.one": "{count} path leads from {x} to {out}",
    "paths.lead.many": "{count} paths lead from {x} to {out}",
    "paths.each": "Each path's product of local derivatives:",
    "paths.first": "Each path's product of local derivatives, of the first {most}:",
    "paths.factored": "All of them, factored:",
    "paths.through": "Every path passes through {names}.",
    "paths.count": "So the count is a product: {product}.",
    "paths.product": "And so is the sum: {product}.",
    "paths.onward": "{local} × the sum over {paths} from {target} to {out}: {product}",
    "paths.steps.one": "and {count} first step more",
    "paths.steps.many": "and {count} first steps more",
    "paths.proof": "The proof:",
    "paths.only": "There is one path, so its product is the whole sum: {sum}.",
    "paths.sum": "The sum of all paths is {sum}.",
    "paths.seed": "Times what arrives at {out}, {seed}: {product}.",
    "paths.same": "Backward found the same: {gradient}.",
    "paths.rounded": "Backward found the same, but for rounding ({off}): {gradient}.",
    "paths.other": (
        "Backward found another: {gradient}. A rule on the way isn't linear in what arrives at it."
    ),
    "paths.overflow": "Backward found another: {gradient}. Numbers overflow on the way.",
    "paths.along": "What {name} gets along each path, edge by edge:",
    "paths.part": "part {i}",
    "paths.parts": "The sum of all parts",
    # An entry followed
    "entry.where": "Where it goes:",
    "entry.moves": "{entry} only moves: it is {there}, since {since}.",
    "entry.none": "{entry} reaches no entry of {since}, which sends 0.",
    "entry.one": "{count} entry of {name}",
    "entry.many": "{count} entries of {name}",
    "entry.reaches": "{entry} reaches {what}, since {since}; upstream × local:",
    "entry.others.one": "the other {count} sends {sum}",
    "entry.others.many": "the other {count} add up to {sum}",
    "entry.zeros.one": "the other {others:,} add up to {sum}; {count} of them sends 0",
    "entry.zeros.many": "the other {others:,} add up to {sum}; {count} of them send 0",
    "entry.uses.one": "The other use of {entry} sends {sum}.",
    "entry.uses.many": "The other {count} uses of {entry} send {sum} together.",
    "entry.sum": "The sum:",
    "entry.same": "{sum}, which is the gradient {name}.",
    "entry.other": "{sum}, but {name} is {gradient}: a rule isn't linear in what arrives.",
    "entry.overflow": "{sum}, but {name} is {gradient}: numbers overflow on the way.",
    # LaTeX
    "latex.skipped": "({lines:,} lines left out)",
    "latex.added": "(added over {axes})",
    "latex.words": "if else not where without",
    # A picture
    "role.parameter": "parameter",
    "role.input": "input",
    "role.output": "output",
    "role.constant": "constant",
    "roles.parameter.one": "{count} parameter",
    "roles.parameter.many": "{count} parameters",
    "roles.input.one": "{count} input",
    "roles.input.many": "{count} inputs",
    "roles.constant.one": "{count} constant",
    "roles.constant.many": "{count} constants",
    "picture.forward": "blue ▸ forward value",
    "picture.backward": (
        "orange ◂ gradient: upstream × local derivative = contribution, added up where arrows meet"
    ),
    "picture.value": "value",
    "picture.gradient": "gradient",
    "picture.again": "again",
    "picture.ones.one": "{count} of {size} is {one}, the others {zero}",
    "picture.ones.many": "{count} of {size} are {one}, the others {zero}",
    "picture.alike": "all {size} are {number}",
    "picture.rounds": "× {rounds}, each round to the next",
    "picture.skips.one": "skip",
    "picture.skips.many": "{count} skips",
    "picture.untracked": "not tracked",
    "picture.none": "– not computed",
    "picture.given": "{of}: what {name} leads to; ∂{of}/∂{name} was handed over",
    "picture.entries": "{factor}, entry by entry",
    "picture.rule": "by the rule of {rule}",
    "picture.summed": "summed over {axes} ({lengths})",
    "picture.shapes": "({left}) @ ({right}) is {size}",
    "failed": "{name} failed",
    "failed.at": "in {function}, line {line} of {file}",
    # Its layers
    "layers.forward": "blue ▸ values",
    "layers.backward": "orange ◂ gradients of {name}",
    "layers.read": (
        "bars: histogram · RMS: root mean square · stands out: larger gradient, a shade for each "
        "factor of 3"
    ),
    "layers.rms": "RMS",
    "layers.shared": "shared by {calls} calls",
    "layers.place": "{name} in {layer}",
    "layers.ratio": "gradient / value {ratio}",
    "layers.zero": "all 0, so no gradient / value",
    "layers.least": "◂ learns least",
    "layers.nothing": "◂ learns nothing",
    "layers.last": "last",
    "row.first": "first {name}",
    "row.last": "last {name}",
    "round.row": "round {round}, {name}",
    "holds": "holds {leaves}",
    "folded.add": "sum of {terms:,} terms",
    "folded.multiply": "product of {terms:,} factors",
    "fold.first": "first, {name}",
    "fold.last": "last, {name}",
    "learns.least.one": "{who} learns least:",
    "learns.least.many": "{who} learn least:",
    "learns.least.why": (
        "its gradient is {ratio} times as large as its weights, the smallest share of all layers"
    ),
    "learns.nothing.one": "{who} learns nothing:",
    "learns.nothing.many": "{who} learn nothing:",
    "learns.nothing.why": "the gradient of the weights is 0",
    # What is wrong with a value
    "nonfinite": "not finite: {entries}",
    "nonfinite.masked.one": "{count} of {size} is −inf",
    "nonfinite.masked.many": "{count} of {size} are −inf",
    "nonfinite.gradient": "gradient {wrong}",
    "nonfinite.value.at": "it begins with the value of {place}",
    "nonfinite.gradient.at": "it begins with the gradient of {place}",
    "zeros": "{share} zero",
    "saturated.sigmoid": "saturated: {share} within 0.01 of 0 or 1",
    "saturated.tanh": "saturated: {share} within 0.01 of ±1",
    "dead.one": "dead: unit {units} is 0 for all {examples} examples",
    "dead.many": "dead: units {units} are 0 for all {examples} examples",
    "dead.all": "dead: all units are 0 for all {examples} examples",
    "vanishing": "vanishing: {times} times smaller than {name}",
    "vanishing.zero": "vanishing: 0",
    "exploding": "exploding: {times} times larger than {name}",
    # A tensor in detail; what changed between two graphs
    "detail.values": "values",
    "detail.heat": "heat map",
    "detail.row": "row {row}",
    "detail.corner": "corner ({shape}):",
    "detail.mean": "mean {mean:.4g}",
    "detail.rms": "RMS  {rms:.4g}",
    "difference.heads": "shape, value or RMS, change, moved by, gradient or RMS",
    "difference.none": "not computed",
    "inline.page": "A page, which a trusted notebook shows here, and any browser: {file}",
    "frames.begin": (
        "The leaves, from which all is computed, have their numbers; nothing is computed yet."
    ),
    # A film of a training
    "film.title": "The film of a training",
    "film.play": "Play",
    "film.pause": "Pause",
    "film.speed": "speed",
    "film.space": "Space",
    "film.slider": "iteration",
    "film.curve": "The cost at every iteration. ▲ what happened, told below",
    "film.curve.log": (
        "The cost at every iteration, on a logarithmic scale. ▲ what happened, told below"
    ),
    "film.pace": (
        "How fast each layer learns: its gradient as a share of its weights, on a logarithmic "
        "scale; thick: which learns least now"
    ),
    "film.boundary": "What the network says of its two inputs; dots and rings: the examples",
    "film.images": (
        "How {name} has moved by iteration {iteration}, each row an image; grey: not at all"
    ),
    "film.unit": "unit {unit}",
    "film.now": "Iteration {iteration}: cost {cost}",
    "film.learns": "gradient / {name} {ratio} · moved {moved}",
    "film.spread": "from {low} to {high}",
    "film.layers": "The layers",
    "film.happened": "What happened",
    "film.nothing": "No unit died, and no layer starved.",
    "film.read": (
        "Values are those after the iteration's update, gradients those that led to it. Bars: "
        "histograms (of large arrays, of entries here and there); those of values keep one scale "
        "over the whole film, those of gradients get a new one in each frame. RMS: root mean "
        "square. Moved: since the start, as a share of the weights now. Squares: units, the "
        "darker the more of {examples} examples they are open for; crossed out: for none. They are "
        "counted from 0."
    ),
    "film.at": "iteration {iteration}:",
    "units.die.one": (
        "unit {units} of {layer} dies: it is 0 for all {examples} examples, so no gradient reaches "
        "its weights."
    ),
    "units.die.many": (
        "units {units} of {layer} die: they are 0 for all {examples} examples, so no gradient "
        "reaches their weights."
    ),
    "units.saturate.one": (
        "unit {units} of {layer} saturates: it is within 0.01 of an end for all {examples} "
        "examples, so next to no gradient passes."
    ),
    "units.saturate.many": (
        "units {units} of {layer} saturate: they are within 0.01 of an end for all {examples} "
        "examples, so next to no gradient passes."
    ),
    "units.return.one": "unit {units} of {layer} is back.",
    "units.return.many": "units {units} of {layer} are back.",
    "shut.dead.one": "dead: unit {units}",
    "shut.dead.many": "dead: units {units}",
    "shut.saturated.one": "saturated: unit {units}",
    "shut.saturated.many": "saturated: units {units}",
    "learning.slowest": (
        "{layer} learns least: its gradient is {ratio} times as large as its weights."
    ),
    "learning.stops": "{layer} learns nothing: the gradient of its weights is 0.",
    "learning.starves": (
        "{layer} starves: its gradient is {ratio} times as large as its weights. Since the start "
        "it has moved by {moved}, {most} by {other}."
    ),
    # A page
    "page.start": "Start",
    "page.previous": "← Back",
    "page.next": "Next →",
    "page.end": "End",
    "page.key.home": "Home",
    "page.key.end": "End",
    "page.steps": "Steps",
    "page.step": "This step",
    "page.all": "All steps",
    "page.predict": "predict",
    "page.answer": "your answer",
    "page.check": "Check",
    "page.show": "Show",
    "page.close": "Close",
    "page.numbers": "Other numbers",
    "page.change": "Change the numbers",
    "page.reset": "Reset",
    "page.slider": "{name}, slider",
    "page.rounding": "Numbers are shown to 4 significant digits; ≈ where that rounding shows.",
    "page.begin": (
        "The leaves, from which all is computed, have their numbers; nothing is computed yet. → or "
        "Next goes on; a click on a card shows its paths to the result."
    ),
    "page.forward": "{name}, forward",
    "page.backward": "{name}, backward",
    "page.inner": "each operation",
    "page.arrived.one": "{gradients} has arrived.",
    "page.arrived.many": "{gradients} have arrived.",
    "page.kept": "From it: {gradients}.",
    "page.back": "Back goes {gradient}.",
    "page.back.to": "Back to {name} goes {gradient}.",
    "page.more": "{more:,} more",
    # A worksheet
    "sheet.print": "Print",
    "sheet.blanks": "Worksheet",
    "sheet.name": "Name:",
    "sheet.date": "Date:",
    "sheet.values": "Fill in the blanks: the blue values. Round to 4 significant digits.",
    "sheet.sizes": (
        "Fill in the blanks: the size of every matrix, and of what each arrow takes; a gradient "
        "has the size of its value. Then write down what each step needs."
    ),
    "sheet.numbers": (
        "Fill in the blanks: first the blue values, from the leaves to the result; then back, the "
        "local derivative on each arrow, what goes back along it (upstream × local), and the "
        "orange gradients, the sum of what arrives. Round to 4 significant digits."
    ),
    "sheet.key": "the key",
    "page.view": "The picture",
    "page.larger": "Larger",
    "page.smaller": "Smaller",
    "page.fit": "Fit",
    "page.print": "Print as slides",
    "page.learn": "Nudge and learn",
    "page.which": "Move",
    "page.by": "by",
    "page.rate": "rate",
    "page.descend": "Step downhill",
    "page.curve": "The cost after every step",
    "page.keys": "shift and arrows move the picture, + and − resize it, 0 fits it",
    "page.still.large": (
        "Other numbers can't be tried here: the graph holds {numbers} numbers, and a page computes "
        "at most {most} anew."
    ),
    "page.still.unwritten": "Other numbers can't be tried here: {rule} has no JavaScript.",
    "page.unrecorded.one": (
        "{names} keeps its number, whatever you change: what it was computed from isn't recorded."
    ),
    "page.unrecorded.many": (
        "{names} keep their numbers, whatever you change: what they were computed from isn't "
        "recorded."
    ),
    # A lesson
    "lesson.links": "Lessons",
    "lesson.questions": "Questions",
    "lesson.answer": "Answer",
    "lesson.right": "Right.",
    "lesson.wrong": "Not yet, try again.",
    "lesson.none": "Choose an answer, or type a number such as −1.5.",
    "lesson.score": "{right} of {all} right, {first} at the first try.",
    # Its script
    "script.if": " if ",
    "script.dark": "Dark",
    "script.light": "Light",
    "script.step": "step {step} of {last}",
    "script.question": "Upstream {upstream}, local derivative {local}. What does it send?",
    "script.number": "Type a number, such as −1.5.",
    "script.wrong": "Not yet, try again: upstream × local derivative, 4 significant digits.",
    "script.right": "Right.",
    "script.result": "{out}: the result",
    "script.begins": "{gradient}: where the gradients begin.",
    "script.untracked": "It isn't tracked: no gradient is computed for it.",
    "script.hidden": "Their sum is the gradient. Go on to see the numbers.",
    "script.sum": "Sum over the paths: {sum}.",
    "script.rest": "The last number is the sum of the paths not listed ({rest}).",
    "script.more": "And {rest} more.",
    "script.arrives": "What arrives:",
    "script.from": "from {name}: {sent}",
    "script.both": "The gradient of {name} is their sum.",
    # The command line
    "shell.usage": "usage: ",
    "shell.arguments": "positional arguments",
    "shell.options": "options",
    "shell.commands": "commands",
    "shell.help": "show this help message and exit",
    "shell.language": "what all is said in; without it, what MICROTENSOR_LANGUAGE says",
    "shell.about": (
        "python -m microtensor: draw a formula or a script's tensor, tell its chain rule, write "
        "its program, or say what is installed."
    ),
    "shell.of": (
        ": of a formula with values for its names, such as {command} "
        '"log(sigmoid(w*x + b))" w=2 x=-1 b=0.5, or of what a script calls so at its end, '
        "{command} script.py:L, which RUNS the script, with all that it does. Values are numbers, "
        "vectors [1, 2] and matrices [[1, 2], [3, 4]]."
    ),
    "shell.version": "say which version this is",
    "shell.target": "FORMULA|script.py:name",
    "shell.value": "name=value",
    "shell.values": "for a formula's names",
    "shell.name": "NAME",
    "shell.file": "FILE",
    "command.draw": "draw the graph",
    "shell.draw.output": ".svg, .png, .pdf, .dot, .mmd or .txt",
    "shell.draw.collapse": "auto, a depth (0: none), or a group",
    "command.explain": "tell the chain rule, step by step",
    "shell.explain.wrt": "only the gradient of this value",
    "shell.explain.latex": "as equations",
    "shell.explain.html": "write a page that steps through it",
    "command.source": "write the NumPy program, forward and backward",
    "shell.source.output": "a file, such as program.py; else it is printed",
    "shell.source.xp": "numpy or jax.numpy",
    "command.doctor": "say what is installed",
    "doctor.python": "",
    "doctor.numpy": "computes",
    "doctor.graphviz": "writes pictures",
    "doctor.pygraphviz": "draws pictures, from 2 on without the dot program",
    "doctor.matplotlib": "plots",
    "doctor.tqdm": "shows a progress bar",
    "doctor.Pillow": "reads photos",
    "doctor.dot": "draws pictures",
    "shell.nn": (
        "nn: another one is in the way, {place}: rename it where it is a file of yours, "
        "else pip uninstall nn, and install microtensor anew"
    ),
    "shell.pictures": "pictures can be drawn: yes",
    "shell.pictures.none": "pictures can be drawn: no: {error}",
    "script.close": "▾ {name}, open: closes it",
    "script.entry": "Choose an entry to see what it came from and what it reaches.",
    "script.later": "Its gradient isn't complete at this step. Go on to see it.",
    "script.came": "{entry} was computed from {name}, since {since}; what goes back there:",
    "script.run": "Run",
    "script.stop": "Stop",
    "script.moved": "{out} moves by {moved}; its slope says {sent}.",
    "script.cost.one": "After {count} step {out} = {cost}; at first it was {first}.",
    "script.cost.many": "After {count} steps {out} = {cost}; at first it was {first}.",
    "script.beyond": "The picture is larger than its window: drag it, or press Fit.",
    "script.diverged": "That is no finite number: reset, and try a smaller rate.",
    "script.never": "It was never a finite number, which no rate mends: change what leads to it.",
    "script.ask.local": "{since}, with {known}. What is the local derivative {local}?",
    "script.ask.sum": "{gradient} was {before} so far. Now {sent} arrives. What is it now?",
    "script.ask.shape": "Shapes: {known}. What shape has {expression}?",
    "script.ask.sent": "Shape of {upstream}: {size}. What shape has what {name} sends to {to}?",
    "script.ask.layer": "What shape has {name}?",
    "script.shape": "Type a shape, such as 2×4 (or 2, 4); that of one number is: scalar.",
    "script.again": "Not yet, try again.",
    "script.score": "{right} of {all} right at once",
    "script.at": "step {step}:",
    "script.said": "You said {said}; it is {right}.",
    "script.review": "To look at again:",
    "script.perfect": "All were right at once.",
    # Where a nan or an infinity is born
    "born.value": "{name} = {expression} is {value}: {why}",
    "born.sent": "What {name} sends to {to} is {value}, {numbers}: {why}",
    "born.log": "log falls without end as its input nears 0.",
    "born.domain": "{rule} of {x} is no real number.",
    "born.zero": "{x} / 0 grows without end.",
    "born.nothing": "0 / 0 has no value.",
    "born.infzero": (
        "inf × 0 has no value, since one factor grows without end and the other vanishes. All that "
        "it reaches from here on is nan."
    ),
    "born.difference": "inf − inf has no value.",
    "born.infinite": "{rule} of an infinity has no value here.",
    "born.overflow": (
        "it overflows, since a number of 64 bits ends at 1.8e308 and what is larger is inf."
    ),
    "born.slope": "the slope here is infinite, {local} = {slope}.",
    "born.noslope": "{local} has no value here.",
}
