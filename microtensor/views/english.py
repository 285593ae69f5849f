"""What is said, in English: each sentence by a key, with names in braces for what is filled in.

A sentence that depends on a count stands twice, as `.one` and `.many`. What the lexicon's rows say
is English; in another language's catalogue these texts are keys too.
"""

SENTENCES = {
    # Words and numbers
    "about": "about {number}",
    "million": "about {number} million",
    "billion": "about {number} billion",
    "trillion": "about {number} trillion",
    "and": " and ",
    "by": " by ",
    "axes.one": "axis {axes}",
    "axes.many": "axes {axes}",
    "use": "({ordinal} use)",
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
    "none.untracked": (
        "None: nothing here requires a gradient; make a leaf with requires_grad=True."
    ),
    "none.wide": (
        "None: {name} ({size}) isn't a single number; reduce it by .sum() or .mean(), or pass "
        "gradient=."
    ),
    "none.changed": "None: a value was changed after it was used; compute {name} again.",
    "nudge": "{name} + {step} moves {out} by {up}",
    "nudge.kink": "{moved}, and {name} − {step} by {down}: a kink",
    # Its steps
    "seed": "Start at {name}",
    "seed.one": "∂{name}/∂… is how fast {name} moves when that value moves, so {gradient} = 1.",
    "seed.given": "The gradient handed over arrives at {name}: {gradient}.",
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
    "sum.that": "that is {gradient}",
    "sum.complete": "{gradient}, complete.",
    "sum.both": "{gradient}, complete: both contributions have arrived.",
    "sum.all": "{gradient}, complete: all {parts:,} contributions have arrived.",
    "rule": "The rule: {reason}",
    "rule.own": "that is what the rule of {rule} says",
    "copied.rows": "{name} was copied to {copies:,} rows",
    "copied.columns": "{name} was copied to {copies:,} columns",
    "copied.places": "{name} was copied to {copies:,} places",
    "copied.back": "{copied}, so {copies:,} paths return: add them.",
    "products.one": "{out}[i, j] adds up {count} product, {left}[i, k] · {right}[k, j]",
    "products.many": "{out}[i, j] adds up {count} products, {left}[i, k] · {right}[k, j]",
    "jacobian": (
        "The Jacobian ∂{out}/∂{name} would hold {rows:,} × {columns:,} = {entries} numbers; it is "
        "never built."
    ),
    "length": "Here n = {n:,}.",
    "gate.open": "The gate is {share} open.",
    "gate.passes": "It does in {share} of the entries.",
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
    "paths.along": "What {name} gets along each path, edge by edge:",
    "paths.part": "part {i}",
    "paths.parts": "The sum of all parts",
    # An entry followed
    "entry.where": "Where it goes:",
    "entry.moves": "{entry} only moves: it is {there}, since {since}.",
    "entry.none": "{entry} reaches no entry of {since}, which sends 0.",
    "entry.one": "{count} entry of {name}",
    "entry.many": "{count} entries of {name}",
    "entry.reaches": "{entry} reaches {what}, since {since}; upstream × local of each:",
    "entry.others": "the other {others:,} add up to {sum}",
    "entry.zeros": "the other {others:,} add up to {sum}; {zeros:,} of them send 0",
    "entry.sum": "The sum:",
    "entry.same": "{sum}, which is the gradient {name}.",
    "entry.other": "{sum}, but {name} is {gradient}: a rule isn't linear in what arrives.",
    # LaTeX
    "latex.skipped": "({lines:,} lines left out)",
    "latex.added": "(added over {axes})",
}
