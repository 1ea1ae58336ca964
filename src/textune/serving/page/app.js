// The page: it classifies a text as it is typed, and weighs its words when the typing pauses.

import { classify, explain, readInfo, readScores, useKey } from "./api.js";
import { drawBars, drawMetrics, drawTable, drawWeights, drawWords, labelShown, namesWithShares, percent } from "./drawing.js";
import { startFiling } from "./filing.js";

const MILLISECONDS_BEFORE_SCORES = 150;
const MILLISECONDS_BEFORE_WORDS = 450;

const part = (id) => document.getElementById(id);

let limits = null;
let running = new AbortController();
let timers = [];

async function begin() {
  try {
    limits = await readInfo();
  } catch (error) {
    part("key-form").hidden = error.status !== 401;
    if (error.status === 401) part("key").focus();
    else complain(error);
    return;
  }
  part("key-form").hidden = true;
  complain(null);
  const labels = Object.keys(limits.model_type.classifier.label2id);
  part("model").textContent = `${limits.run} · ${limits.model_id} · ${labels.join(", ")}`;
  part("several-hint").hidden = !limits.thresholds;
  part("text-label").textContent = limits.pairs ? "First text" : "Type or paste";
  part("text-pair-row").hidden = !limits.pairs;
  part("words-pair").hidden = !limits.pairs;
  part("by-line-row").hidden = limits.pairs;
  drawMetrics(part("metrics"), limits);
  startFiling(limits);
  schedule();
}

function schedule() {
  // The previous request is cancelled, so that the server need not answer it.
  running.abort();
  running = new AbortController();
  timers.forEach(clearTimeout);
  timers = [];
  if (!limits) return;
  const { signal } = running;
  const text = fields().map((field) => part(field).value);
  if (!text.every((side) => side.trim())) {
    clearAnswers();
    return;
  }
  if (part("by-line").checked && !limits.pairs) {
    timers.push(setTimeout(guarded(() => showLines(text[0], signal)), MILLISECONDS_BEFORE_SCORES));
    return;
  }
  timers.push(setTimeout(guarded(() => showScores(text, signal)), MILLISECONDS_BEFORE_SCORES));
  timers.push(setTimeout(guarded(() => showWords(text, signal)), MILLISECONDS_BEFORE_WORDS));
}

// The fields with the text, or with both texts of a pair; the words of each side stand apart.
function fields() {
  return limits.pairs ? ["text", "text-pair"] : ["text"];
}

const WORDS = ["words", "words-pair"];

function guarded(work) {
  return async () => {
    try {
      await work();
      complain(null);
    } catch (error) {
      if (error.name !== "AbortError") complain(error);
    }
  };
}

async function showScores(text, signal) {
  const { answers: [scores], truncated } = await classify([text], signal);
  part("several").hidden = true;
  part("single").hidden = false;
  // The words may have been weighed already.
  if (text.some((side, place) => part(WORDS[place]).textContent !== side)) {
    text.forEach((side, place) => { part(WORDS[place]).textContent = side; });
    part("weights").tBodies[0].replaceChildren();
  }
  const read = readScores(scores, limits.thresholds);
  const choose = (label) => guarded(() => showWords(text, signal, label))();
  drawBars(part("bars"), read.byLabel, limits.thresholds, choose);
  const answer = limits.thresholds ? describeLabels(read) : describeLabel(read);
  const rest = truncated ? ` (The text is longer than the ${maxTokens()} tokens that the model reads.)` : "";
  part("summary").textContent = answer + rest;
}

function describeLabel({ label, score, other, byLabel }) {
  if (label !== null) return `${label}, ${percent(score)}`;
  if (other) return `None of these. The closest is ${byLabel[0].label}, ${percent(score)}.`;
  return `No label: ${byLabel[0].label} has only ${percent(score)}. Let a person decide.`;
}

function describeLabels({ reached, byLabel }) {
  return namesWithShares(reached) || `No label reaches its threshold. The most probable is ${namesWithShares(byLabel.slice(0, 1))}.`;
}

async function showWords(text, signal, label) {
  const answer = await explain(text, signal, label);
  const parts = [answer.parts, answer.parts_pair];
  const sides = text.map((side, place) => ({ text: side, parts: parts[place] }));
  drawWords(sides.map((side, place) => ({ ...side, place: part(WORDS[place]) })));
  drawWeights(part("weights").tBodies[0], sides);
  part("words-title").textContent = `What each word contributes to “${answer.label}”`;
}

async function showLines(text, signal) {
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim());
  const sent = lines.slice(0, limits.max_client_batch_size);
  const { answers, truncated } = await classify(sent.map((line) => [line]), signal);
  part("single").hidden = true;
  part("several").hidden = false;
  part("several").replaceChildren();
  drawTable(part("several"), limits.thresholds ? {
    head: ["Text", "Labels"],
    rows: answers.map((scores, number) => [
      sent[number],
      namesWithShares(readScores(scores, limits.thresholds).reached) || "(none)",
    ]),
  } : {
    head: ["Text", "Label", "Probability"],
    rows: answers.map((scores, number) => [sent[number], labelShown(scores), percent(scores[0].score)]),
    numbers: [2],
  });
  const more = lines.length - sent.length;
  const rest = more ? `; ${more} more lines were not classified: use a file for them` : "";
  const cut = truncated ? `; ${truncated} are longer than the ${maxTokens()} tokens that the model reads` : "";
  part("summary").textContent = `${sent.length} texts${cut}${rest}`;
}

function maxTokens() {
  return limits.max_input_length.toLocaleString("en");
}

function clearAnswers() {
  part("single").hidden = true;
  part("several").hidden = true;
  part("summary").textContent = "";
  complain(null);
}

function complain(error) {
  part("problem").hidden = error === null;
  part("problem").textContent = error === null ? "" : error.message;
}

// A link may carry a text, as #text=..., and for a pair &text_pair=...; what follows # is never sent to a server.
const linked = new URLSearchParams(location.hash.slice(1));
part("text").value = linked.get("text") ?? "";
part("text-pair").value = linked.get("text_pair") ?? "";
part("text").addEventListener("input", schedule);
part("text-pair").addEventListener("input", schedule);
part("by-line").addEventListener("change", schedule);
part("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(part("key").value);
  part("key").value = "";
  begin();
});
begin();
