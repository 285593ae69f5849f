// Numbers, as in the picture: 4 significant digits, a true minus sign, an honest ≈ --------------

function number(x) {
  if (typeof x === "boolean") return x ? "True" : "False";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "−inf" : "inf";
  if (x === 0) return "0";
  let [digits, exponent] = Math.abs(x).toExponential(25).replace(".", "").split("e");
  exponent = Number(exponent);
  let kept = Number(digits.slice(0, 4));
  const rest = digits.slice(4);
  const half = "5".padEnd(rest.length, "0");
  if (rest > half || (rest === half && kept % 2)) kept += 1; // a tie goes to the even digit
  if (kept === 10000) [kept, exponent] = [1000, exponent + 1];
  const sign = x < 0 ? "−" : "";
  const text = String(kept);
  if (exponent < -4 || exponent > 3) {
    return `${sign}${trimmed(`${text[0]}.${text.slice(1)}`)}e${exponent}`.replace("e-", "e−");
  }
  if (exponent < 0) return sign + trimmed(`0.${"0".repeat(-exponent - 1)}${text}`);
  return sign + trimmed(`${text.slice(0, exponent + 1)}.${text.slice(exponent + 1)}`);
}

const trimmed = (text) => text.replace(/\.?0*$/, "");
const shown = (x) => Number(number(x).replaceAll("−", "-").replace("inf", "Infinity"));
const factor = (x) => (number(x).startsWith("−") ? `(${number(x)})` : number(x));

const times = (x, y) => x * y;
const plus = (x, y) => x + y;
/** What shown numbers give, from the first on. */
const ofShown = (f, parts) => parts.map(shown).reduce(f);
const equals = (x, y) => (number(x) === number(y) ? "=" : "≈");
/** `2 × 3 =`; ≈ where the numbers that are shown give another result. */
const product = (parts, result) =>
  `${parts.map(factor).join(" × ")} ${equals(ofShown(times, parts), result)}`;
const multiplied = (parts, result) => `${product(parts, result)} ${number(result)}`;
/** `2 + 3`, and the sign that goes between it and the result. */
const added = (parts, result) => [
  parts.map(factor).join(" + "),
  equals(ofShown(plus, parts), result),
];

// Arrays: a list of numbers and a shape; of no axes it is the number --------------------------

const flat = (x) => (Array.isArray(x) ? x : [x]);
const size = (shape) => shape.join("×") || say("scalar");
const small = (shape, most = 4) => shape.length <= 2 && shape.every((n) => n > 0 && n <= most);
const each = (f, x, y) => (Array.isArray(x) ? x.map((a, i) => f(a, y[i])) : f(x, y));
const sumOf = (parts) => parts.reduce((x, y) => each(plus, x, y));

function rms(x) {
  const scale = flat(x).reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  if (!(scale > 0 && scale < Infinity)) return flat(x).some(Number.isNaN) ? NaN : scale;
  return scale * Math.sqrt(flat(x).reduce((s, a) => s + (a / scale) ** 2, 0) / flat(x).length);
}

const brief = (x) =>
  flat(x).length === 1 ? number(flat(x)[0]) : say("rms", { number: number(rms(x)) });
const rowsOf = (x, shape) => {
  const n = shape.at(-1) ?? 1;
  return Array.from({ length: x.length / n }, (_, i) => x.slice(i * n, i * n + n));
};

/** The lines of an array on a card: its rows, or its root mean square. */
function lines(x, shape) {
  if (!shape.length) return [number(x)];
  if (!small(shape)) return [say("rms", { number: number(rms(x)) })];
  const rows = rowsOf(x, shape).map((row) => row.map(number));
  if (rows.length === 1) return [`[${rows[0].join(" ")}]`];
  const widths = rows[0].map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows.map(
    (row) => `[${row.map((a, k) => a.padStart(widths[k], "\u00a0")).join("\u00a0\u00a0")}]`,
  );
}

/** A value in a sentence: `[[1, 2], [3, −4]]`; a larger one's shape and size. */
function inLine(x, shape) {
  if (!shape.length) return number(x);
  if (!small(shape)) return `${size(shape)}, ${lines(x, shape)[0]}`;
  const rows = rowsOf(x, shape).map((row) => `[${row.map(number).join(", ")}]`);
  return shape.length === 1 ? rows[0] : `[${rows.join(", ")}]`;
}

const given = (name, x, shape) =>
  small(shape) ? `${name} = ${inLine(x, shape)}` : `${name} (${inLine(x, shape)})`;

/** The text of an entry of an array, `W[0, 1]`. */
function entryName(name, shape, i) {
  const index = shape.map(
    (n, k) => Math.floor(i / shape.slice(k + 1).reduce(times, 1)) % n,
  );
  return shape.length ? `${name}[${index.join(", ")}]` : name;
}
