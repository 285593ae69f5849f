// Numbers, as in the picture: 4 significant digits, a true minus sign, an honest ≈

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
/** Whether a sum is shown as without its smallest part. */
function isLost(parts, whole) {
  const least = Math.min(...parts.map(Math.abs).filter(Boolean));
  return Number.isFinite(whole) && number(whole) === number(whole - least);
}

/** `2 + 3`, and the sign that goes between it and the result. */
const added = (parts, result) => [
  parts.map(factor).join(" + "),
  isLost(parts, result) ? "≈" : equals(ofShown(plus, parts), result),
];

// An array is a list of numbers and a shape; of no axes it is the number.
const flat = (x) => (Array.isArray(x) ? x : [x]);
const size = (shape) => shape.join("×") || say("scalar");

/** The text of an entry of an array, `W[0, 1]`. */
function entryName(name, shape, i) {
  const index = shape.map((n, k) => Math.floor(i / shape.slice(k + 1).reduce(times, 1)) % n);
  return shape.length ? `${name}[${index.join(", ")}]` : name;
}
