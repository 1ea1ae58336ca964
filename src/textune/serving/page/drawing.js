// Draws answers: bars, coloured words, tables. Knows nothing of the server; texts go in as text, never as HTML.

export function percent(score) {
  return `${(score * 100).toFixed(1)} %`;
}

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function track(score, threshold) {
  const node = element("span", "track");
  node.setAttribute("aria-hidden", "true");
  const filled = element("span");
  filled.style.width = `${score * 100}%`;
  node.append(filled);
  if (threshold !== undefined) {
    const mark = element("span", "mark");
    mark.style.left = `${threshold * 100}%`;
    node.append(mark);
  }
  return node;
}

// With thresholds, each label stands for itself: those that reach theirs are highlighted, and each can be chosen.
export function drawBars(list, scores, thresholds = null, choose = () => {}) {
  list.classList.toggle("several", thresholds !== null);
  list.replaceChildren(
    ...scores.map(({ label, score }) => {
      const item = element("li");
      const threshold = thresholds?.[label];
      const reached = score >= threshold;
      const name = element(thresholds ? "button" : "span", "label", label);
      if (thresholds) {
        name.type = "button";
        name.addEventListener("click", () => choose(label));
        item.classList.toggle("reached", reached);
        item.title = `The threshold is ${percent(threshold)}.`;
      }
      const shown = reached ? `${percent(score)} ✓` : percent(score);
      item.append(name, track(score, threshold), element("span", "percent", shown));
      return item;
    }),
  );
}

// What a table shows as the label of a text.
export function labelShown([{ label, other }]) {
  return label ?? (other ? "(none of these)" : "(none)");
}

export function namesWithShares(scores) {
  return scores.map(({ label, score }) => `${label} ${percent(score)}`).join(", ");
}

// The strongest word of the text, or of both texts of a pair, has the full colour; if no word matters much, all stay pale.
export function drawWords(sides) {
  const weights = sides.flatMap(({ parts }) => parts.map(({ weight }) => Math.abs(weight)));
  const strongest = Math.max(0.05, ...weights);
  for (const side of sides) drawSide(side, strongest);
}

function drawSide({ place, text, parts }, strongest) {
  // The server counts characters, a browser counts halves of those beyond the basic plane.
  const characters = Array.from(text);
  const pieces = [];
  let at = 0;
  for (const { start, end, weight } of parts) {
    pieces.push(document.createTextNode(characters.slice(at, start).join("")));
    const word = element("span", `word ${weight >= 0 ? "for" : "against"}`, characters.slice(start, end).join(""));
    const strength = Math.abs(weight) / strongest;
    word.style.backgroundColor = `rgb(var(--${weight >= 0 ? "for" : "against"}) / ${(strength * 0.45).toFixed(2)})`;
    if (strength < 0.1) word.style.borderBottomColor = "transparent";
    word.title = signed(weight);
    pieces.push(word);
    at = end;
  }
  pieces.push(document.createTextNode(characters.slice(at).join("")));
  place.replaceChildren(...pieces);
}

export function drawWeights(body, sides) {
  const words = sides.flatMap(({ text, parts }) => {
    const characters = Array.from(text);
    return parts.map(({ start, end, weight }) => ({ word: characters.slice(start, end).join(""), weight }));
  });
  words.sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  body.replaceChildren(...words.map(({ word, weight }) => row([word, signed(weight)], [1])));
}

function signed(weight) {
  const points = (weight * 100).toFixed(1);
  return `${weight >= 0 ? "+" : ""}${points} points`;
}

function row(cells, numbers = [], heading = false) {
  const node = element("tr");
  cells.forEach((cell, number) => {
    const part = element(heading ? "th" : "td", numbers.includes(number) ? "number" : "text", String(cell));
    if (heading) part.scope = "col";
    node.append(part);
  });
  return node;
}

export function drawTable(place, { caption = "", head, rows, numbers = [] }) {
  const table = element("table");
  if (caption) table.append(element("caption", "", caption));
  const top = element("thead");
  top.append(row(head, numbers, true));
  const body = element("tbody");
  body.append(...rows.map((cells) => row(cells, numbers)));
  table.append(top, body);
  place.append(table);
}

function withInterval(measured, { key, unit }) {
  const value = measured[key];
  if (typeof value !== "number") return "(none)";
  if (unit !== "%") return value.toFixed(3);
  const [low, high] = measured[`${key}_ci95`] ?? [];
  return percent(value) + (low === undefined ? "" : ` ±${(((high - low) / 2) * 100).toFixed(1)}`);
}

// Takes what /info says: the table of metrics, the baselines' titles, and the measured values.
export function drawMetrics(place, { metrics, baselines, figures }) {
  const test = figures.metrics?.test;
  if (!test) {
    place.replaceChildren(element("p", "hint", "This run has no metrics."));
    return;
  }
  const shown = metrics.filter(({ key }) => key in test);
  const line = (name, measured) => [name, ...shown.map((metric) => withInterval(measured, metric))];
  const others = Object.entries(figures.baselines ?? {}).map(([name, measured]) =>
    line(baselines[name] ?? name, measured),
  );
  place.replaceChildren();
  drawTable(place, {
    caption: `On ${test.examples.toLocaleString("en")} test texts; ± is half the width of the 95 % interval.`,
    head: ["", ...shown.map(({ title }) => title[0].toUpperCase() + title.slice(1))],
    rows: [line("this model", test), ...others],
    numbers: shown.map((metric, number) => number + 1),
  });
  drawTable(place, {
    caption: "By label",
    head: ["Label", "Precision", "Recall", "F1", "Texts"],
    rows: Object.entries(test.per_class ?? {}).map(([name, metrics]) => [
      name,
      percent(metrics.precision),
      percent(metrics.recall),
      percent(metrics.f1),
      metrics.support.toLocaleString("en"),
    ]),
    numbers: [1, 2, 3, 4],
  });
}
