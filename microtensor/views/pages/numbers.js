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
  let text = String(kept);
  if (exponent < -4 || exponent > 3) {
    text = trimmed(text[0] + "." + text.slice(1));
    return `${sign}${text}e${exponent}`.replace("e-", "e−");
  }
  if (exponent < 0) return sign + trimmed("0." + "0".repeat(-exponent - 1) + text);
  return sign + trimmed(text.slice(0, exponent + 1) + "." + text.slice(exponent + 1));
}

const trimmed = (text) => text.replace(/\.?0*$/, "");
const shown = (x) => Number(number(x).replaceAll("−", "-").replace("inf", "Infinity"));
const factor = (x) => (number(x).startsWith("−") ? `(${number(x)})` : number(x));

function product(parts, result) {
  const equal = number(parts.reduce((p, x) => p * shown(x), 1)) === number(result);
  return `${parts.map(factor).join(" × ")} ${equal ? "=" : "≈"} `;
}

function total(parts, result) {
  const equal = number(parts.reduce((sum, x) => sum + shown(x), 0)) === number(result);
  return `${equal ? "=" : "≈"} ${parts.map(factor).join(" + ")}`;
}

/** What a learner typed, as a number; null if it is none. A comma will do, and any minus sign. */
function typed(text) {
  const bare = text.replace(/[\s\u00a0()]/g, "");
  const plain = bare.replace(/[−–—‐‑﹣-]/g, "-").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
}

// Arrays: a list of numbers and a shape; of no axes it is the number --------------------------

const flat = (x) => (Array.isArray(x) ? x : [x]);
const size = (shape) => shape.join("×") || say("scalar");
const small = (shape, most = 4) => shape.length <= 2 && shape.every((n) => n > 0 && n <= most);
const each = (f, x, y) => (Array.isArray(x) ? x.map((a, i) => f(a, y[i])) : f(x, y));
const plus = (x, y) => each((a, b) => a + b, x, y);
const sumOf = (parts) => parts.reduce(plus);

function rms(x) {
  const scale = flat(x).reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  if (!(scale > 0 && scale < Infinity)) return flat(x).some(Number.isNaN) ? NaN : scale;
  return scale * Math.sqrt(flat(x).reduce((s, a) => s + (a / scale) ** 2, 0) / flat(x).length);
}

const brief = (x) =>
  flat(x).length === 1 ? number(flat(x)[0]) : say("rms", { number: number(rms(x)) });
const sized = (x, shape) => (flat(x).length === 1 ? brief(x) : `${size(shape)}, ${brief(x)}`);
const rowsOf = (x, shape) => {
  const n = shape.at(-1);
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

/** A histogram of 12 bars, as a path that begins at (x, y) in letters of this size. */
function bars(values, x, y, letter) {
  const finite = flat(values).map(Number).filter(Number.isFinite);
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!(high - low > 1e-12 * largest)) {
    low -= ((largest || 1) * 6.5) / 12;
    high = low + (largest || 1);
  }
  const counts = Array(12).fill(0);
  for (const a of finite) counts[Math.min(11, Math.floor(((a - low) / (high - low)) * 12))] += 1;
  const most = Math.max(1, ...counts);
  const [wide, tall] = [data.bars[0] * letter, data.bars[1] * letter];
  const bar = (n, i) =>
    `M${x + i * wide},${y}v${(-Math.ceil((n * 8) / most) / 8) * tall}h${wide}V${y}z`;
  return counts.map((n, i) => (n ? bar(n, i) : "")).join("");
}

/** The text of an entry of an array, `W[0, 1]`. */
function entryName(name, shape, i) {
  const index = shape.map(
    (n, k) => Math.floor(i / shape.slice(k + 1).reduce((a, b) => a * b, 1)) % n,
  );
  return shape.length ? `${name}[${index.join(", ")}]` : name;
}
