// The page of textune label: asks about a text, sends the answer, asks about the next one.

import { call, callUntilHeard, newId } from "./calls.js";
import { drawQuality } from "./figures.js";

const find = (id) => document.getElementById(id);
const MOST_KEYS = 9;
// Two windows are never asked about the same text. A window that is loaded again stays the same one.
const ownWindow = (sessionStorage["textune-window"] ??= newId());

let progress = { labels: [], isMulti: false };
let question = null;
let shownAt = 0;
let answerId = "";
let isBusy = true;
const chosen = new Set();

function who() {
  return find("who").value.trim();
}

function complain(message) {
  find("problem").textContent = message;
  find("problem").hidden = !message;
}

// Runs what a person asked for, one thing at a time, and shows what went wrong.
async function doing(action) {
  if (isBusy) return;
  isBusy = true;
  try {
    await action();
    complain("");
  } catch (error) {
    complain(error.message);
  } finally {
    isBusy = false;
  }
}

function say(words) {
  find("said").textContent = words;
}

function take(answer) {
  progress = answer.progress;
  question = answer.question;
  answerId = newId();
  shownAt = performance.now();
  chosen.clear();
  drawProgress();
  drawQuestion();
}

function drawProgress() {
  const { texts, encoded, learned, tests, given, passed, repeats, repeatedAlike } = progress;
  const parts = [`${learned + tests} answers: ${learned} to learn from, ${tests} for testing`];
  if (given) parts.push(`${given} labels from before`);
  if (passed) parts.push(`${passed} skipped`);
  if (repeats) parts.push(`asked again, you agreed with yourself ${repeatedAlike} of ${repeats} times`);
  find("counts").textContent = `${parts.join("; ")}.`;
  find("encoding").hidden = encoded >= texts;
  find("encoded").value = texts ? encoded / texts : 0;
  find("encoded-words").textContent = `${encoded.toLocaleString("en")} of ${texts.toLocaleString("en")}`;
  if (progress.encodingError) complain(`The texts cannot be read any further: ${progress.encodingError}`);
  find("undo").disabled = !progress.canUndo;
  const renamed = find("rename").value;
  find("rename").replaceChildren(...progress.labels.map((name) => new Option(name, name)));
  if (progress.labels.includes(renamed)) find("rename").value = renamed;
}

function drawQuestion() {
  find("question").hidden = !question;
  find("end").hidden = Boolean(question);
  if (!question) {
    find("end").focus();
    return;
  }
  const paragraphs = question.texts.map((text) => {
    const made = document.createElement("p");
    made.className = "text";
    made.textContent = text;
    return made;
  });
  find("texts").replaceChildren(...paragraphs);
  find("note").value = question.note;
  find("note-part").open = Boolean(question.note);
  const badge = find("badge");
  badge.hidden = !question.isTest && !question.isRepeat;
  badge.textContent = question.isRepeat
    ? `Are you sure? You said ${question.earlier.join(", ")} before.`
    : "For testing: no label is proposed";
  find("search-row").hidden = progress.labels.length <= MOST_KEYS;
  find("search").value = "";
  find("confirm").hidden = !progress.isMulti;
  drawLabels();
  drawProposal();
  find("question").scrollIntoView({ block: "nearest" });
}

function probabilityOf(name) {
  return question.proposed?.find((one) => one.label === name)?.probability;
}

// The labels that are offered, the first nine of them with keys. Many of them are ordered by probability.
function offered() {
  const sought = find("search").value.trim().toLowerCase();
  let names = progress.labels;
  if (names.length > MOST_KEYS) {
    names = [...names].sort((one, other) => (probabilityOf(other) ?? -1) - (probabilityOf(one) ?? -1));
  }
  return sought ? names.filter((name) => name.toLowerCase().includes(sought)) : names;
}

function drawLabels() {
  const buttons = offered().map((name, place) => {
    const button = document.createElement("button");
    button.type = "button";
    const probability = probabilityOf(name);
    button.append(name, " ");
    if (place < MOST_KEYS) {
      const key = document.createElement("kbd");
      key.textContent = place + 1;
      button.append(key, " ");
      button.setAttribute("aria-keyshortcuts", String(place + 1));
    }
    if (probability !== undefined) {
      const share = document.createElement("span");
      share.className = "share";
      share.textContent = `${(100 * probability).toFixed(0)} %`;
      button.append(share);
    }
    if (progress.isMulti) button.setAttribute("aria-pressed", chosen.has(name));
    button.addEventListener("click", () => choose(name));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  find("labels").replaceChildren(...buttons);
}

async function drawProposal() {
  const proposal = find("proposal");
  const [best] = question.proposed ?? [];
  if (!best) {
    proposal.textContent = question.isTest ? "" : "The classifier has no guess yet.";
    return;
  }
  proposal.textContent = `The classifier says ${best.label}, ${(100 * best.probability).toFixed(0)} %.`;
  const { key } = question;
  try {
    const { sides } = await call("words", { key, label: best.label });
    if (question?.key === key) sides.forEach((words, place) => markWords(find("texts").children[place], words));
  } catch {
    // Words are a help, and the text is there without them.
  }
}

// Marks the words that speak for the label, and those against it. Places are counted in code points.
function markWords(place, words) {
  const points = [...place.textContent];
  const largest = Math.max(...words.map((word) => Math.abs(word.weight)), 1e-9);
  const parts = [];
  let end = 0;
  for (const word of words) {
    parts.push(points.slice(end, word.start).join(""));
    const mark = document.createElement("span");
    mark.textContent = points.slice(word.start, word.end).join("");
    const strength = Math.abs(word.weight) / largest;
    if (strength > 0.3 && Math.abs(word.weight) > 0.01) {
      mark.className = word.weight > 0 ? "word for" : "word against";
      mark.title = `${word.weight > 0 ? "+" : "−"}${(100 * Math.abs(word.weight)).toFixed(0)} points`;
    }
    parts.push(mark);
    end = word.end;
  }
  parts.push(points.slice(end).join(""));
  place.replaceChildren(...parts);
}

function choose(name) {
  if (!progress.isMulti) {
    answer([name], "");
    return;
  }
  if (!chosen.delete(name)) chosen.add(name);
  drawLabels();
}

function answer(labels, verdict) {
  doing(async () => {
    if (!question) return;
    const body = {
      who: who(),
      key: question.key,
      id: answerId,
      labels,
      verdict,
      is_repeat: question.isRepeat,
      seconds: (performance.now() - shownAt) / 1000,
      window: ownWindow,
    };
    const next = await callUntilHeard("answer", body, (message) => complain(`Not saved yet. ${message}`));
    const said = verdict ? (verdict === "skipped" ? "Skipped" : "Not sure") : labels.join(", ") || "No label";
    take(next);
    say(`${said}. ${question ? `Next: ${question.texts.join(" — ")}` : "No text is left."}`);
    refreshSoon();
  });
}

function undo() {
  doing(async () => {
    take(await call("undo", { who: who(), window: ownWindow }));
    say("Undone.");
    if (!question) await ask();
    refreshSoon();
  });
}

async function ask() {
  const next = await call("next", { who: who(), window: ownWindow });
  find("pool").textContent = `${next.title}: ${next.progress.texts.toLocaleString("en")} texts`;
  document.title = `${next.title} · textune label`;
  take(next);
}

let waiting = 0;

function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 400);
}

async function refresh() {
  try {
    const { quality, training } = await call("quality", { who: who() });
    drawQuality(quality);
    drawTraining(training);
    if (training.state === "running") waiting = setTimeout(refresh, 2000);
  } catch {
    // The next answer shows what is wrong.
  }
}

function drawTraining({ state, seconds, run, metrics, message }) {
  find("train").disabled = state === "running";
  const words = {
    none: "",
    running: `Training, ${Math.round(seconds ?? 0)} s so far`,
    failed: "The training failed:",
    done: "Trained. ",
  };
  if (state === "done" && metrics?.accuracy !== undefined) {
    const [low, high] = metrics.accuracy_ci95 ?? [];
    words.done += `Accuracy on the answers for testing: ${(100 * metrics.accuracy).toFixed(0)} %`;
    words.done += low === undefined ? "." : ` (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)} %).`;
  }
  find("training").textContent = words[state];
  find("training-command").hidden = !["done", "failed"].includes(state);
  find("training-command").textContent = state === "failed" ? message : `${run}/report.html\ntextune serve ${run}`;
}

const KEYS = { s: () => answer([], "skipped"), n: () => answer([], "not sure"), u: undo };

addEventListener("keydown", (event) => {
  const isTyping = ["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName);
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target === find("search") && event.key === "Enter") {
    const [first] = offered();
    event.preventDefault();
    if (first) choose(first);
    find("search").value = "";
    find("search").blur();
    return;
  }
  if (event.key === "Escape" && isTyping) event.target.blur();
  if (isTyping) return;
  const number = Number(event.key);
  if (number >= 1 && number <= MOST_KEYS && question) {
    const name = offered()[number - 1];
    if (name) choose(name);
  } else if (event.key === "/" && !find("search-row").hidden) {
    event.preventDefault();
    find("search").focus();
  } else if (event.key === "Enter" && progress.isMulti && event.target.tagName !== "BUTTON") {
    answer([...chosen], "");
  } else {
    KEYS[event.key.toLowerCase()]?.();
  }
});

find("search").addEventListener("input", drawLabels);
find("confirm").addEventListener("click", () => answer([...chosen], ""));
find("skip").addEventListener("click", KEYS.s);
find("not-sure").addEventListener("click", KEYS.n);
find("undo").addEventListener("click", undo);
find("undo-last").addEventListener("click", undo);
find("train").addEventListener("click", () =>
  doing(async () => {
    drawTraining((await call("train", { who: who() })).training);
    refreshSoon();
  }),
);
find("note").addEventListener("change", () => {
  const { key } = question;
  const note = find("note").value;
  call("note", { who: who(), key, note }).catch((error) => complain(error.message));
});
find("who").value = localStorage.getItem("textune-who") ?? "";
find("who").addEventListener("change", () => {
  localStorage.setItem("textune-who", who());
  doing(ask);
});

async function changeLabels(body) {
  progress = await call("label", { who: who(), ...body });
  drawProgress();
  if (question) drawQuestion();
}

find("new-label-form").addEventListener("submit", (event) => {
  event.preventDefault();
  doing(async () => {
    await changeLabels({ name: find("new-label").value });
    find("new-label").value = "";
  });
});
find("rename-form").addEventListener("submit", (event) => {
  event.preventDefault();
  doing(async () => {
    const to = find("rename-to").value.trim();
    const merge = progress.labels.includes(to);
    if (merge && !confirm(`There is a label ${to} already. Make both one?`)) return;
    await changeLabels({ name: find("rename").value, to, merge });
    find("rename-to").value = "";
    await ask();
    refreshSoon();
  });
});

// Encoding goes on while a person thinks.
setInterval(async () => {
  if (isBusy || progress.encoded >= progress.texts) return;
  try {
    progress = await call("progress", { who: who() });
    drawProgress();
  } catch {
    // The next answer shows what is wrong.
  }
}, 2000);

isBusy = false;
doing(ask).then(refresh);
