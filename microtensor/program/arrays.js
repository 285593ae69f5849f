// What programs of a page are written in: each has those of these that it calls. An array is a list
// of its numbers, row by row.
const at = (start, sizes, strides) =>
  sizes.reduce(
    (all, n, k) => all.flatMap((i) => Array.from({ length: n }, (_, j) => i + j * strides[k])),
    [start],
  );
const pick = (x, places) => places.map((i) => (i < 0 ? 0 : x[i]));
const put = (x, places, size) => {
  const made = Array(size).fill(0);
  places.forEach((i, k) => (made[i] += x[k]));
  return made;
};
const map = (f, x, ...more) => x.map((one, i) => f(one, ...more.map((y) => y[i])));
const lanes = (f, n, x) =>
  Array.from({ length: x.length / n }, (_, k) => f(x.slice(k * n, k * n + n))).flat();
const fold = (f) => (x) => x.reduce((a, b) => f(a, b));
const scan = (f) => (x) => {
  const made = x.slice(0, 1);
  for (let i = 1; i < x.length; i += 1) made.push(f(made[i - 1], x[i]));
  return made;
};
const variance = (ddof) => (x) => {
  const mean = x.reduce((a, b) => a + b) / x.length;
  return x.reduce((sum, b) => sum + (b - mean) ** 2, 0) / (x.length - ddof);
};
const order = (x) =>
  x.map((_, i) => i).sort((i, j) => (x[i] !== x[i]) - (x[j] !== x[j]) || x[i] - x[j] || i - j);
const sorted = (x) => order(x).map((i) => x[i]);
const walk = (edges, back, narrow, gradients) => {
  // Edge by edge, newest first: an edge is its key, source, target, two flags
  const [contributions, locals] = [{}, {}];
  const each = (f, x, y) => (Array.isArray(x) ? x.map((one, i) => f(one, y[i])) : f(x, y));
  for (const [key, source, target, entrywise, single] of edges) {
    const g = gradients[target];
    const sent = (narrow[key] ?? ((d) => d))(back[key](g));
    const plus = (a, b) => (single ? Math.fround(a + b) : a + b);
    contributions[key] = sent;
    gradients[source] = source in gradients ? each(plus, gradients[source], sent) : sent;
    if (entrywise) locals[key] = back[key](each(() => 1, g, g));
  }
  return { gradients, contributions, locals, back, narrow };
};
