// Draws how good the classifier is: metrics with intervals, the learning curve, tables.

const SVG = "http://www.w3.org/2000/svg";

function percent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)} %`;
}

function between(interval) {
  return `${(100 * interval[0]).toFixed(0)} to ${(100 * interval[1]).toFixed(0)} %`;
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export function drawQuality(quality) {
  const find = (id) => document.querySelector(id);
  const accuracy = quality?.accuracy;
  find("#accuracy-bar").hidden = !accuracy;
  if (!accuracy) {
    const tests = quality ? quality.tests : 0;
    find("#figures").textContent = `Nothing is measured yet: ${tests} answers for testing so far, and five are needed.`;
    return;
  }
  const macro = quality.macroF1;
  find("#figures").textContent =
    `Accuracy ${percent(accuracy.value)} (95 % interval: ${between(accuracy.interval)}), ` +
    (macro ? `macro-F1 ${percent(macro.value)} (${between(macro.interval)}), ` : "") +
    `on ${quality.tests} answers for testing.`;
  const [low, high] = accuracy.interval;
  const range = find("#accuracy-bar .low-high");
  range.style.left = `${100 * low}%`;
  range.style.width = `${100 * (high - low)}%`;
  find("#accuracy-bar .at").style.left = `calc(${100 * accuracy.value}% - 1px)`;
  find("#forecast").textContent = forecast(quality);
  drawCurve(find("#curve"), quality.curve);
  drawLabels(find("#by-label"), quality.labels);
  find("#confusion-part").hidden = !quality.confusion;
  if (quality.confusion) drawConfusion(find("#confusion"), quality);
}

function forecast({ accuracy, afterMore, moreAnswers, unchanged, isSettled }) {
  const parts = [];
  if (afterMore) {
    const now = (accuracy.interval[1] - accuracy.interval[0]) / 2;
    const then = (afterMore[1] - afterMore[0]) / 2;
    parts.push(`Another ${moreAnswers} answers would narrow the interval from ±${(100 * now).toFixed(0)} to ±${(100 * then).toFixed(0)} points.`);
  }
  if (unchanged !== null) {
    parts.push(
      isSettled
        ? "Answers hardly change the predictions any more: this is a good time to train."
        : `The last answers left ${percent(unchanged)} of the predictions unchanged.`,
    );
  }
  return parts.join(" ");
}

function drawCurve(place, points) {
  place.replaceChildren();
  const drawn = points.filter((point) => point.accuracy);
  if (drawn.length < 2) return;
  const [width, height, left, bottom] = [480, 200, 44, 26];
  const most = drawn[drawn.length - 1].answers;
  const x = (answers) => left + ((width - left - 10) * answers) / most;
  const y = (share) => 8 + (height - bottom - 8) * (1 - share);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  const first = drawn[0];
  const last = drawn[drawn.length - 1];
  svg.setAttribute(
    "aria-label",
    `Learning curve: accuracy ${percent(first.accuracy.value)} after ${first.answers} answers, ` +
      `${percent(last.accuracy.value)} after ${last.answers}.`,
  );
  const add = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    svg.append(made);
  };
  for (const share of [0, 0.5, 1]) {
    add("line", { class: "axis", x1: left, x2: width - 10, y1: y(share), y2: y(share) });
    add("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, percent(share));
  }
  const upper = drawn.map((point) => `${x(point.answers)},${y(point.accuracy.interval[1])}`);
  const lower = drawn.map((point) => `${x(point.answers)},${y(point.accuracy.interval[0])}`).reverse();
  add("polygon", { class: "band", points: [...upper, ...lower].join(" ") });
  add("polyline", { class: "line", points: drawn.map((point) => `${x(point.answers)},${y(point.accuracy.value)}`).join(" ") });
  add("text", { x: width - 10, y: height - 6, "text-anchor": "end" }, `${most} answers to learn from`);
  place.append(svg);
}

function table(caption, heads, rows) {
  const made = document.createElement("table");
  made.append(element("caption", caption));
  const head = made.createTHead().insertRow();
  for (const title of heads) head.append(element("th", title, { scope: "col" }));
  const body = made.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    row.append(element("th", cells[0], { scope: "row" }));
    for (const cell of cells.slice(1)) row.append(element("td", cell.text ?? cell, cell.right ? { class: "right" } : {}));
  }
  return made;
}

function drawLabels(place, labels) {
  const rows = labels.map((label) => [
    label.name,
    String(label.answers),
    label.tests ? `${percent(label.f1)} (${between(label.f1Interval)})` : "not in the test",
    label.share === null ? "" : `${percent(label.share)} (${between(label.shareInterval)})`,
  ]);
  place.replaceChildren(
    table("Shares are those of the whole pool, corrected for the classifier's errors.", ["Label", "Answers", "F1", "Share of the texts"], rows),
  );
}

function drawConfusion(place, quality) {
  const names = quality.labels.map((label) => label.name);
  const rows = quality.confusion.map((row, number) => [
    names[number],
    ...row.map((count, guess) => ({ text: String(count), right: guess === number })),
  ]);
  place.replaceChildren(table("What you said, and how often the classifier says what.", ["You said", ...names], rows));
}
