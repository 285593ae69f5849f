"""The lexicon: for each rule a row that says how it is written, differentiated, told and printed.

In a template {0}, {1} are the operands, {k} counts this one, {me} is it and {other} the next; {out}
is the result, {g} the gradient that arrives at it and {L} what is differentiated; options stand
there by their names. Of what is said operand by operand, the last is said of all that follow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple, TypeVar
from unicodedata import east_asian_width

T = TypeVar("T")
Texts = Sequence[str]
Options = Mapping[str, Any]
Shapes = Sequence[tuple[int, ...]]
LONGEST_NAME = 40
MOST_OPERANDS = 12  # of a call, so many are written out
LONGEST_TEXT = 2000
UNPRINTED = "\ufffd"
FUNCTION = 9  # how firmly a text holds together: a name, a call; a sum is 1, a product 2
SIGN, POWER, PRODUCT, SUM, TEXT = 3, 4, 2, 1, 0


class Row(NamedTuple):
    """What is known of a rule beside its numbers; what is left out has a usual form.

    `written` is the expression ("": a call, `name(x)`), `binds` how firmly it holds together and
    `needs` how firmly each operand has to, so as not to be put in brackets. A rule with `locals`
    works entry by entry: its local derivative is an array of the result's shape, which upstream
    is multiplied by. One that mixes entries `sends` something else. `why` are the reasons.
    `javascript` computes it of single numbers.

    Behind a linear map the result of an `activation` is called A; `bounds` are where it saturates.
    By operand, `gate` is the sentence that tells how many entries pass. A rule with a `kink` has
    it at 0; one that `moves` puts entries elsewhere, as they are. `cases` has fields by the text
    of `by`: where that is a key, these fields hold.
    """

    name: str
    written: str = ""
    locals: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    binds: int = FUNCTION
    needs: tuple[int, ...] = (TEXT,)
    javascript: str = ""
    activation: bool = False
    bounds: tuple[int, ...] = ()
    gate: tuple[str, ...] = ()
    kink: bool = False
    moves: bool = False
    by: str = ""
    cases: Mapping[str, Mapping[str, Any]] = {}

    @property
    def elementwise(self) -> bool:
        """Whether the rule works entry by entry."""
        return bool(self.locals)

    def translated(self, texts: Mapping[str, str]) -> Row:
        """The row with what it says in another language, where `texts` has it.

        How it is written stays where that is notation, which a reader of formulas reads again.
        """

        def told(given: Mapping[str, Any]) -> dict[str, Any]:
            fields = ((key, given.get(key)) for key in ("locals", "sends", "why"))
            said = {key: tuple(texts.get(t, t) for t in said) for key, said in fields if said}
            written = given.get("written")
            return said | ({"written": texts.get(written, written)} if written else {})

        cases = {text: {**case, **told(case)} for text, case in self.cases.items()}
        return self._replace(**told(self._asdict()), cases=cases)

    def case(self, operands: Texts, options: Options, shapes: Shapes = ()) -> Row:
        """The row as it is for these operands."""
        if not self.by:
            return self
        axes = ", ".join(str(len(shape)) for shape in shapes)
        text = self.by.format(*operands, operand_axes=axes, **_in_brief(options))
        return self._replace(**self.cases.get(text, {}))

    def expression(self, operands: Texts, options: Options) -> str:
        """The rule applied to operands, such as `w · x`, `σ(z)`, or `sum(z, axis=0)`."""
        return self.nested([(operand, firmness(operand)) for operand in operands], options)[0]

    def nested(self, operands: Sequence[tuple[str, int]], options: Options) -> tuple[str, int]:
        """An expression of expressions, in brackets where needed, and how firmly it holds."""
        texts = [text for text, _ in operands]
        row = self.case(texts, options)
        if not row.written:
            if len(texts) > MOST_OPERANDS:
                texts = [*texts[: MOST_OPERANDS - 2], "…", texts[-1]]
            said = {k: x for k, x in options.items() if x is not None and x is not False}
            texts += [f"{shown(k)}={_brief(x)}" for k, x in said.items()]
            return f"{row.name}({', '.join(texts)})", FUNCTION
        texts = [_bracketed(*x, spoken(row.needs, slot)) for slot, x in enumerate(operands)]
        written = row.written.format(*texts, **_in_brief(options))
        for text in texts:
            if text.startswith("("):
                written = written.replace(f"({text})", text)  # one pair of brackets is enough
        return written, row.binds

    def formulas(
        self, operands: Texts, options: Options, out: str, g: str, shapes: Shapes, n: int
    ) -> Iterator[str]:
        """Each operand's local derivative, `s(1 − s)`, or what is sent to it, `∂L/∂z @ Bᵀ`.

        `shapes` are those of the operands, and `n` counts the entries of the result `out`.
        """
        row = self.case(operands, options, shapes)
        *texts, end = (_bracketed(x, firmness(x), FUNCTION) for x in (*operands, out))
        known = _in_brief(options) | {"out": end, "g": g}
        known["n"] = str(prod(shapes[0]) // n if n else 0)
        said, alone = row.locals or row.sends or ("",), set(texts)
        for slot in range(len(texts)):
            formula = spoken(said, slot).format(*texts, **known, k=slot + 1)
            whole = formula in alone and formula.startswith("(")  # `x` alone needs no brackets
            yield formula[1:-1] if whole else formula


NO_ROW = Row("")  # of what nobody computed


def spoken(parts: Sequence[T], slot: int) -> T:
    """What is said of an operand: the last part stands for all that follow."""
    return parts[min(slot, len(parts) - 1)]


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text from outside, on one line. Each passes here where it enters, and is harmless then.

    What isn't printed becomes �: control characters, lone surrogates, and marks that turn a line
    around.
    """
    if len(text) > 4 * longest:  # of a book, no more than is shown
        text = text[: 2 * longest] + text[-2 * longest :]
    line = cut(" ".join(text.split()), longest)
    return "".join(c if c.isprintable() else UNPRINTED for c in line)


def cut(text: str, longest: int) -> str:
    """A text of so many columns, or its beginning and its end: there stand numbers, and digits.

    A wide letter, such as 重, takes two columns.
    """
    if 2 * len(text) <= longest or (len(text) <= longest and text.isascii()):
        return text
    widths = [1 + (east_asian_width(c) in "WF") for c in text]
    if sum(widths) <= longest:
        return text
    head = bisect_right([*accumulate(widths)], longest // 2)
    tail = bisect_right([*accumulate(reversed(widths))], longest - 1 - sum(widths[:head]))
    return f"{text[:head]}…{text[len(text) - tail :]}"


def firmness(name: str) -> int:
    """How firmly a name holds together: `1 − y` is a sum, `-2` has a sign."""
    if name.isidentifier():  # which most are
        return FUNCTION
    return TEXT if name.startswith(("-", "−")) or any(c.isspace() for c in name) else FUNCTION


def _bracketed(text: str, binds: int, needs: int) -> str:
    return text if binds >= needs else f"({text})"


def _in_brief(options: Options) -> dict[str, str]:
    """Options in a few characters each; of an index in several axes, what stands in brackets."""
    return {
        name: ", ".join(map(_brief, value))
        if name == "index" and isinstance(value, tuple)
        else _brief(value)
        for name, value in options.items()
    }


def _brief(value: Any) -> str:
    """An option in a few characters."""
    if isinstance(value, slice):
        start, stop = ("" if v is None else v for v in (value.start, value.stop))
        return f"{start}:{stop}" + (f":{value.step}" if value.step is not None else "")
    if value is Ellipsis:
        return "..."
    ndim = getattr(value, "ndim", 0)
    if ndim and value.size > 1 and not hasattr(value, "name"):  # which it is written by
        return "[" * ndim + _entries(value.ravel().tolist()) + "]" * ndim
    text = shown(str(value))
    return text if len(text) <= 24 else text[:21] + "..."


def _entries(values: Sequence[Any]) -> str:
    """The numbers of an index: `0…5` of those in a row, else the first two and the last."""
    first, last, count = values[0], values[-1], len(values)
    if count > 2 and isinstance(first, int) and list(values) == [*range(first, first + count)]:
        return f"{first}…{last}"
    return ", ".join(map(str, values if count <= 4 else [*values[:2], "…", last]))


MOVED = ("only places change, so each entry's gradient goes back to where it came from",)
STEP = ("a step is flat wherever it doesn't jump, so no gradient goes back",)
OF_INVERSE = ("the slope of an inverse is 1 over the slope of what it undoes",)
# Half to even, and -0.3 to -0
ROUNDED = (
    "Math.abs({0}) < 2 ** 51 ? "
    "({0} < 0 || Object.is({0}, -0) ? -1 : 1) * (Math.abs({0}) + 2 ** 52 - 2 ** 52) : {0}"
)
# Of a product with a vector
PARTNERS = "an entry of {me} reaches {L} through one entry of {out}, times its partner in {other}"
SPREADS = "an entry of {me} reaches {L} through every entry of {out}, so add over them"

# fmt: off
ROWS = {row.name: row for row in (
    # Arithmetic
    Row("add", "{0} + {1}", ("1",), binds=SUM, needs=(SUM, PRODUCT), javascript="{0} + {1}",
        why=("a sum moves as much as each of its parts",)),
    Row("subtract", "{0} − {1}", ("1", "−1"), binds=SUM, needs=(SUM, PRODUCT),
        javascript="{0} - {1}",
        why=("a difference moves as much as what it starts from",
             "a difference falls as much as what is taken away grows")),
    Row("multiply", "{0} · {1}", ("{1}", "{0}"), binds=PRODUCT, needs=(PRODUCT, SIGN),
        javascript="{0} * {1}", why=("a factor's move is multiplied by the other factor",)),
    Row("divide", "{0} / {1}", ("1/{1}", "−{out}/{1}"), binds=PRODUCT, needs=(PRODUCT, SIGN),
        javascript="{0} / {1}",
        why=("a numerator's move is divided by the denominator",
             "by the quotient rule −{0}/{1}², which is −{out}/{1}")),
    Row("negative", "−{0}", ("−1",), binds=SUM, needs=(PRODUCT,), javascript="-{0}",
        why=("a turned sign turns the gradient's sign",)),
    Row("power", "{0}^{1}", ("{1}·{0}^({1} − 1)", "{out}·log {0}"), binds=POWER, needs=(FUNCTION,),
        # NumPy's powers of 1 and -1 are 1, whatever the exponent
        javascript="{0} === 1 || ({0} === -1 && Math.abs({1}) === Infinity) ? 1 : {0} ** {1}",
        why=("by the power rule the exponent comes down, and falls by 1",
             "the slope of an exponential is itself times the log of its base"),
        by="{1}", cases={
            "2": {"written": "{0}²", "locals": ("2·{0}", "{out}·log {0}")},
            "3": {"written": "{0}³", "locals": ("3·{0}²", "{out}·log {0}")},
            "4": {"written": "{0}⁴"}}),
    Row("matmul", "{0} @ {1}", sends=("{g} @ {1}ᵀ", "{0}ᵀ @ {g}"),
        binds=PRODUCT, needs=(PRODUCT, SIGN),
        why=("an entry of {0} reaches {L} through every entry in its row of {out}, so add over the "
             "row",
             "an entry of {1} reaches {L} through every entry in its column of {out}, so add over "
             "the column"),
        by="{operand_axes}", cases={
            "2, 2": {"why": (
                "{me}[i, k] reaches {L} through every {out}[i, j] in its row, so add over j",
                "{me}[k, j] reaches {L} through every {out}[i, j] in its column, so add over i")},
            "1, 1": {"sends": ("{g}·{1}", "{g}·{0}"), "why": (
                "each product has one factor from either side, and moves by the other one",)},
            "2, 1": {"sends": ("outer({g}, {1})", "{0}ᵀ @ {g}"), "why": (PARTNERS, SPREADS)},
            "1, 2": {"sends": ("{1} @ {g}", "outer({0}, {g})"), "why": (SPREADS, PARTNERS)}}),
    Row("einsum", sends=("the same product, with {g} in place of operand {k}",),
        why=("in a sum of products a factor's move is multiplied by the others, then added up",)),

    # Functions of one number
    Row("exp", "", ("{out}",), javascript="Math.exp({0})",
        why=("exp is its own derivative",)),
    Row("expm1", "", ("exp {0}",), javascript="Math.expm1({0})",
        why=("exp is its own derivative, and the 1 taken off never moves",)),
    Row("log", "", ("1/{0}",), javascript="Math.log({0})",
        why=("log is steep near 0 and flat far from it, with slope 1/{0}",)),
    Row("log1p", "", ("1/(1 + {0})",), javascript="Math.log1p({0})",
        why=("log's slope at 1 + {0} is 1/(1 + {0})",)),
    Row("sqrt", "√{0}", ("1/(2·{out})",), binds=POWER, needs=(FUNCTION,),
        javascript="Math.sqrt({0})",
        why=("a root is steep near 0, with slope 1 over twice the root",)),
    Row("square", "{0}²", ("2·{0}",), binds=POWER, needs=(FUNCTION,), javascript="{0} * {0}",
        why=("by the power rule the exponent 2 comes down",)),
    Row("sin", "", ("cos {0}",), javascript="Math.sin({0})", why=("the slope of sin is cos",)),
    Row("cos", "", ("−sin {0}",), javascript="Math.cos({0})", why=("the slope of cos is −sin",)),
    Row("arctan2", "", ("{1}/({0}² + {1}²)", "−{0}/({0}² + {1}²)"),
        javascript="Math.atan2({0}, {1})",
        why=("a move up turns the angle by {1} over the squared distance from the origin",
             "a move to the right turns it back by {0} over the squared distance")),
    Row("tanh", "", ("1 − {out}²",), javascript="Math.tanh({0})", activation=True, bounds=(-1, 1),
        why=("tanh is steepest at 0, where its slope is 1, and flat far from it",)),
    Row("tan", "", ("1 + {out}²",), javascript="Math.tan({0})",
        why=("tan's slope is 1 over the square of cos, which is 1 + {out}²",)),
    Row("sinh", "", ("cosh {0}",), javascript="Math.sinh({0})",
        why=("the slope of sinh is cosh",)),
    Row("cosh", "", ("sinh {0}",), javascript="Math.cosh({0})",
        why=("the slope of cosh is sinh",)),
    Row("arcsin", "", ("1/√(1 − {0}²)",), javascript="Math.asin({0})", why=OF_INVERSE),
    Row("arccos", "", ("−1/√(1 − {0}²)",), javascript="Math.acos({0})", why=OF_INVERSE),
    Row("arctan", "", ("1/(1 + {0}²)",), javascript="Math.atan({0})", why=OF_INVERSE),
    Row("arcsinh", "", ("1/√({0}² + 1)",), javascript="Math.asinh({0})", why=OF_INVERSE),
    Row("arccosh", "", ("1/√({0}² − 1)",), javascript="Math.acosh({0})", why=OF_INVERSE),
    Row("arctanh", "", ("1/(1 − {0}²)",), javascript="Math.atanh({0})", why=OF_INVERSE),
    Row("exp2", "", ("{out}·log 2",), javascript="2 ** {0}",
        why=("the slope of an exponential is itself times the log of its base",)),
    Row("log2", "", ("1/({0}·log 2)",), javascript="Math.log2({0})",
        why=("log is steep near 0 and flat far from it, and this one is log over log 2",)),
    Row("log10", "", ("1/({0}·log 10)",), javascript="Math.log10({0})",
        why=("log is steep near 0 and flat far from it, and this one is log over log 10",)),
    Row("cbrt", "∛{0}", ("1/(3·{out}²)",), binds=POWER, needs=(FUNCTION,),
        javascript="Math.cbrt({0})",
        why=("a root is steep near 0, with slope 1 over 3 times its square",)),
    Row("reciprocal", "1/{0}", ("−{out}²",), binds=PRODUCT, needs=(FUNCTION,),
        javascript="1 / {0}", why=("by the quotient rule −1/{0}², which is −{out}²",)),
    Row("deg2rad", "", ("π/180",), javascript="{0} * (Math.PI / 180)",
        why=("a degree is π/180 radians",)),
    Row("rad2deg", "", ("180/π",), javascript="{0} * (180 / Math.PI)",
        why=("a radian is 180/π degrees",)),
    Row("erf", "", ("2/√π·exp(−{0}²)",),
        why=("its slope is the bell curve that it is the area under",)),
    Row("hypot", "", ("{0}/{out}", "{1}/{out}"), javascript="Math.hypot({0}, {1})",
        why=("a leg moves the hypotenuse by its part of it",)),
    Row("logaddexp", "", ("σ({0} − {1})", "σ({1} − {0})"),
        javascript="{0} === {1} ? {0} + Math.LN2 : "
        "Math.max({0}, {1}) + Math.log1p(Math.exp(-Math.abs({0} - {1})))",
        why=("a term's move reaches the result by its share of the sum",)),
    Row("logaddexp2", "", ("σ(({0} − {1})·log 2)", "σ(({1} − {0})·log 2)"),
        javascript="{0} === {1} ? {0} + 1 : "
        "Math.max({0}, {1}) + Math.LOG2E * Math.log1p(2 ** -Math.abs({0} - {1}))",
        why=("a term's move reaches the result by its share of the sum",)),
    Row("sigmoid", "σ({0})", ("{out}(1 − {out})",), activation=True, bounds=(0, 1),
        why=("sigmoid's slope is at most 0.25, so each one shrinks the gradient at least four "
             "times",)),
    Row("softplus", "", ("σ({0})",), activation=True,
        why=("a soft gate, whose slope is sigmoid, from 0 to 1",)),

    # Steps
    Row("sign", "", ("0",), javascript="Math.sign({0}) + 0", why=STEP),
    Row("floor", "⌊{0}⌋", ("0",), javascript="Math.floor({0})", why=STEP),
    Row("ceil", "⌈{0}⌉", ("0",), javascript="Math.ceil({0})", why=STEP),
    Row("trunc", "", ("0",), javascript="Math.trunc({0})", why=STEP),
    Row("rint", "", ("0",), javascript=ROUNDED, why=STEP),
    Row("round", "", ("0",), javascript=ROUNDED, why=STEP),
    Row("floor_divide", "⌊{0} / {1}⌋", ("0",), needs=(PRODUCT, SIGN),
        javascript="{0} === 0 || {1} === 0 ? {0} / {1} : Math.round(({0} - {0} % {1}) / {1}) - "
        "({0} % {1} && ({0} % {1} < 0) !== ({1} < 0) ? 1 : 0) + 0", why=STEP),
    Row("remainder", "{0} mod {1}", ("1", "−⌊{0} / {1}⌋"), binds=TEXT, needs=(FUNCTION,),
        javascript="{0} % {1} === 0 ? 0 * Math.sign({1}) : "
        "({0} % {1} < 0) !== ({1} < 0) ? {0} % {1} + {1} : {0} % {1}",
        why=("a remainder moves as what is divided does",
             "the divisor is taken off a whole number of times, and counts so often")),

    # Kinks and gates
    Row("relu", "", ("1 if {0} > 0 else 0",), activation=True, gate=("gate.open",), kink=True,
        why=("a gate, open where {0} > 0, closed below, and at 0 by convention",)),
    Row("absolute", "|{0}|", ("sign {0}",), kink=True, javascript="Math.abs({0})",
        why=("slope 1 above 0, −1 below, and at the kink 0 by convention",)),
    # NumPy's result of nan is nan, and of 0 and -0 the second
    Row("maximum", "max({0}, {1})",
        ("1 if {0} > {1} else 0 (tie ½)", "1 if {1} > {0} else 0 (tie ½)"), gate=("gate.passes",),
        javascript="{0} > {1} || {0} !== {0} ? {0} : {1}",
        why=("only the larger one moves the result; a tie shares equally",)),
    Row("minimum", "min({0}, {1})",
        ("1 if {0} < {1} else 0 (tie ½)", "1 if {1} < {0} else 0 (tie ½)"), gate=("gate.passes",),
        javascript="{0} < {1} || {0} !== {0} ? {0} : {1}",
        why=("only the smaller one moves the result; a tie shares equally",)),
    Row("clip", "clip({0}, {1}, {2})",
        ("1 if {1} ≤ {0} ≤ {2} else 0", "1 if {0} < {1} else 0", "1 if {0} > {2} else 0"),
        gate=("gate.open", "gate.passes"),
        why=("a gate, open within the bounds and at them, closed outside",
             "the lower bound moves the result only where {0} lies below it",
             "the upper bound moves the result only where {0} lies above it")),
    Row("where", "({1} if {0} else {2})", ("", "1 if {0} else 0", "0 if {0} else 1"),
        gate=("gate.passes",),
        why=("a condition has no derivative",
             "it moves the result only where the condition chose it")),

    # Reductions, and what else mixes the entries of an axis; of a single number most are nothing
    Row("sum", sends=("{g}, copied to each entry",), javascript="{0}",
        why=("every entry's move reaches the sum whole, so each gets the same",)),
    Row("mean", sends=("{g} / {n}, copied to each entry",), javascript="{0}",
        why=("1/n of every entry's move reaches the mean, so each gets an nth part",)),
    Row("max", sends=("{g} where {0} is largest, else 0 (ties share)",), javascript="{0}",
        why=("only the largest entry moves the maximum; several equal ones share",)),
    Row("min", sends=("{g} where {0} is smallest, else 0 (ties share)",), javascript="{0}",
        why=("only the smallest entry moves the minimum; several equal ones share",)),
    Row("prod", sends=("{g} · product of the other entries",), javascript="{0}",
        why=("an entry's move is multiplied by all the other entries",)),
    Row("var", sends=("{g} · 2({0} − mean {0})/({n} − {ddof})",),
        why=("an entry moves the variance by its distance from the mean, times 2/(n − ddof)",)),
    Row("cumsum", sends=("{g}, summed from each entry to the end",), javascript="{0}",
        why=("an entry is part of its own sum and of every later one, so add what they send",)),
    Row("cumprod", sends=("product before · ({g} + later {g}·products up to there)",),
        why=("an entry is a factor of its own product and of every later one, so add what they "
             "send, times the other factors",)),
    Row("sort", sends=("{g}, sorted back",), moves=True, why=MOVED),
    Row("logsumexp", sends=("{g} · exp({0} − {out})",),
        why=("an entry's move reaches the result by its share, its softmax",)),
    Row("softmax", sends=("{out}·({g} − sum({g}·{out}))",), activation=True,
        why=("shares add up to 1, so one grows only as others shrink, and the mean of what "
             "arrives, weighted by the shares, is taken off",)),
    Row("log_softmax", sends=("{g} − exp({out})·sum {g}",), activation=True,
        why=("an entry raises its own log share by 1, and lowers all by its share",)),

    # Linear algebra
    Row("linalg.solve", "solve({0}, {1})",
        sends=("−solve({0}ᵀ, {g}) @ {out}ᵀ", "solve({0}ᵀ, {g})"),
        why=("from {0} @ {out} = {1}, a move of {0} is a move of {1} by as much times −{out}",
             "{1} moves the solution by the inverse of {0}, and the gradient returns by its "
             "transpose")),
    Row("linalg.inv", "inv({0})", sends=("−{out}ᵀ @ {g} @ {out}ᵀ",),
        why=("as 1/x has the slope −1/x², with an inverse on either side",)),
    Row("linalg.det", "det({0})", sends=("{g} · cofactors({0})",),
        why=("along a row or column the determinant is a sum of entries times their cofactors",)),
    Row("cofactors", sends=("{g}, times the minors without two rows and two columns",),
        why=("a cofactor is a determinant itself, of the rows and columns that are left",)),
    Row("linalg.slogdet.sign", "slogdet({0}).sign", ("0",), why=STEP),
    Row("linalg.slogdet.logabsdet", "slogdet({0}).logabsdet", sends=("{g} · inv({0})ᵀ",),
        why=("log's slope is 1/det, and the cofactors over det are the inverse, transposed",)),
    Row("linalg.cholesky", "cholesky({0})",
        sends=("{out}⁻ᵀ @ half({out}ᵀ @ {g}) @ {out}⁻¹, made symmetric",),
        why=("from {out} @ {out}ᵀ = {0}, where {out} moves in its lower triangle alone",)),
    Row("linalg.pinv", "pinv({0})",
        sends=("−{out}ᵀ @ {g} @ {out}ᵀ, and what turns the spaces of {0}",),
        why=("an inverse within the space that {0} reaches, which turns with {0}",)),
    Row("linalg.eigvalsh", "eigvalsh({0})", sends=("V · {g} @ Vᵀ, of the eigenvectors V",),
        why=("an eigenvalue vᵀ @ {0} @ v moves by vᵀ times the move times v",)),
    Row("linalg.eigh.eigenvectors", "eigh({0}).eigenvectors",
        sends=("{out} @ ({out}ᵀ @ {g} / gaps) @ {out}ᵀ, made symmetric",),
        why=("eigenvectors turn towards each other, the faster the nearer their eigenvalues are",)),
    Row("linalg.svdvals", "svdvals({0})", sends=("U · {g} @ Vᵀ, of the singular vectors",),
        why=("a singular value uᵀ @ {0} @ v moves by uᵀ times the move times v",)),
    Row("linalg.svd.U", "svd({0}).U", sends=("{g}, turned among the singular vectors",),
        why=("singular vectors turn towards each other, the faster the nearer their values are",)),
    Row("linalg.svd.Vh", "svd({0}).Vh", sends=("{g}, turned among the singular vectors",),
        why=("singular vectors turn towards each other, the faster the nearer their values are",)),
    Row("linalg.vector_norm", sends=("{g} · sign {0} · (|{0}| / {out})^(ord − 1)",),
        why=("an entry moves the norm by its share of it, to the power ord − 1",),
        by="{ord}, {axis}", cases={
            "2, None": {"written": "‖{0}‖", "sends": ("{g} · {0} / {out}",), "why": (
                "a length grows by the part of a move that lies along it",)}}),

    # Shapes
    Row("reshape", sends=("{g}, reshaped back",), javascript="{0}", moves=True, why=MOVED),
    Row("squeeze", sends=("{g}, reshaped back",), javascript="{0}", moves=True, why=MOVED),
    Row("expand_dims", sends=("{g}, reshaped back",), moves=True, why=MOVED),
    Row("transpose", sends=("{g}, transposed back",), javascript="{0}", moves=True, why=MOVED,
        needs=(FUNCTION,), by="{axes}", cases={
            text: {"written": "{0}ᵀ", "sends": ("({g})ᵀ",)} for text in ("None", "(1, 0)")}),
    Row("flip", sends=("{g}, flipped back",), javascript="{0}", moves=True, why=MOVED),
    Row("roll", sends=("{g}, rolled back",), moves=True, why=MOVED),
    Row("sliding_window_view", sends=("{g}, summed over the windows",),
        why=("an entry stands in every window that it is part of, so add what returns to each",)),
    Row("overlap_add", sends=("{g}, seen through the windows",),
        why=("every window takes the gradient of the entries that it was added to",)),
    Row("broadcast_to", sends=("{g}, summed over the copies",), javascript="{0}",
        why=("each entry was copied, so add what returns to its copies",)),
    Row("astype", sends=("{g}",),
        why=("only the kind of number changes, so the gradient passes",)),
    Row("concatenate", sends=("{g}, the part of operand {k}",), moves=True,
        why=("each part takes its own piece of the gradient back",)),
    Row("stack", sends=("{g}, the entry of operand {k}",), moves=True,
        why=("each part takes its own piece of the gradient back",)),
    Row("pad", sends=("{g} without the padding",), moves=True,
        why=("the padding never moves, so what returns to it is dropped",)),
    Row("put", sends=("{g}[{index}]",), javascript="{0}",
        why=("each entry takes its gradient back from where it was put",)),
    Row("put_each", sends=("{g}, where operand {k} was put",),
        why=("each part takes its gradient back from where it was put",)),
    Row("getitem", "{0}[{index}]", sends=("{g} put at [{index}], 0 elsewhere",), javascript="{0}",
        needs=(FUNCTION,), moves=True,
        why=("entries that were picked get their gradient, all others get 0",)),

    # Comparisons
    Row("equal", "{0} = {1}", ("0",), binds=TEXT, javascript="{0} == {1}", why=STEP),
    Row("not_equal", "{0} ≠ {1}", ("0",), binds=TEXT, javascript="{0} != {1}", why=STEP),
    Row("less", "{0} < {1}", ("0",), binds=TEXT, javascript="{0} < {1}", why=STEP),
    Row("less_equal", "{0} ≤ {1}", ("0",), binds=TEXT, javascript="{0} <= {1}", why=STEP),
    Row("greater", "{0} > {1}", ("0",), binds=TEXT, javascript="{0} > {1}", why=STEP),
    Row("greater_equal", "{0} ≥ {1}", ("0",), binds=TEXT, javascript="{0} >= {1}", why=STEP),
    Row("logical_and", "", ("0",), javascript="{0} && {1}", why=STEP),
    Row("logical_or", "", ("0",), javascript="{0} || {1}", why=STEP),
    Row("logical_not", "not {0}", ("0",), binds=TEXT, javascript="!{0}", why=STEP),
    Row("argsort", sends=("0",), why=STEP),
)}
# fmt: on
