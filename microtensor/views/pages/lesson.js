// The questions of a lesson: checks an answer, tells why it is right or wrong, and keeps the score.
const quiz = all("form.question");
const tries = new Map(quiz.map((form) => [form, 0]));
const solved = new Map(); // how many tries each took that was answered rightly
// One for a page and the same in other languages, which links that end in # lead to
const pages = [location, ...all('a[href$="#"]')].map((link) => link.pathname);
const SCORE = `microtensor-score ${pages.sort()[0]}`;

/** What was typed, in each way that it can be read: 1,5 and 1.5, 1,024 and 1.024, 1/4. */
function readings(text) {
  const [above, below, ...more] = bare(text).split("/");
  const found = [typed(text)];
  if (/^[+-]?\d{1,3}([.,]\d{3})+$/.test(above)) found.push(plain(above.replace(/[.,]/g, "")));
  if (below && !more.length) found.push(typed(above) / typed(below));
  return found.filter(Number.isFinite);
}

/** Exact, but for what rounding leaves; unless it is whole, two digits or more will do. */
function isNear(answer, wanted) {
  const near = (x) => Math.abs(x - wanted) <= 1e-9 * Math.max(Math.abs(wanted), 1e-3);
  if (near(answer)) return true;
  if (near(Math.round(wanted))) return false;
  return [2, 3, 4, 5, 6, 7, 8].some((digits) => answer === Number(wanted.toPrecision(digits)));
}

/** Whether a form is answered rightly; null: it isn't answered. */
function verdictOn(form) {
  const field = find("input[type=text]", form);
  if (!field) {
    const choice = find("input:checked", form);
    return choice && "right" in choice.dataset;
  }
  const found = readings(field.value);
  const wanted = Number(field.dataset.right);
  return found.length ? found.some((answer) => isNear(answer, wanted)) : null;
}

function judge(form) {
  const isRight = verdictOn(form);
  const answer = find(".verdict", form);
  form.dataset.verdict = isRight === null ? "" : isRight ? "right" : "wrong";
  answer.textContent = say("lesson.none");
  if (isRight === null) return;
  tries.set(form, tries.get(form) + 1);
  if (isRight && !solved.has(form)) solved.set(form, tries.get(form));
  const why = find(".why p", form).textContent;
  answer.textContent = isRight ? `${say("lesson.right")} ${why}` : say("lesson.wrong");
  const first = [...solved.values()].filter((count) => count === 1).length;
  const fields = { right: solved.size, first, all: quiz.length };
  find(".questions .score").textContent = say("lesson.score", fields);
  try {
    const best = Number.parseInt(localStorage.getItem(SCORE), 10) || 0;
    localStorage.setItem(SCORE, `${Math.max(best, solved.size)}/${quiz.length}`);
  } catch {
    // a browser that keeps nothing: the score is shown all the same
  }
}

for (const form of quiz) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    judge(form);
  });
  form.addEventListener("keydown", (event) => event.stopPropagation()); // no steps are taken here
}
