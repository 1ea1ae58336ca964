// The panel for files: reads one, classifies it in parts, offers the table. The server keeps what is
// sent only until it has answered.

import { classify, patiently, readScores } from "./api.js";
import { drawTable, element, labelShown, namesWithShares, percent } from "./drawing.js";
import { formatTable, guessColumn, guessPairColumn, labelSeparator, parts, readTable } from "./tables.js";

const SHOWN_ROWS = 100;
const TEXTS_AT_ONCE = 64;

const part = (id) => document.getElementById(id);

export function startFiling(limits) {
  let table = null;
  let stopping = null;
  let offered = "";

  if (limits.pairs) {
    part("file-hint").textContent = "A CSV or TSV file with a header row, and a column for each text of a pair. It is sent to this server in parts and not stored.";
    part("column-label").textContent = "Column with the first text";
  }

  part("file").addEventListener("change", async () => {
    stopping?.abort();
    clearResult();
    const [file] = part("file").files;
    part("file-form").hidden = true;
    if (!file) return;
    try {
      table = readTable(file.name, await file.text());
    } catch (error) {
      report(error.message);
      return;
    }
    if (limits.pairs && table.names.length < 2) {
      report("A pair needs two columns: choose a table with one for each text.");
      return;
    }
    for (const id of ["column", "column-pair"]) part(id).replaceChildren(...optionsOf(table.names));
    const column = guessColumn(table.names);
    part("column").value = String(column);
    part("column-pair").value = String(guessPairColumn(table.names, column));
    part("column-row").hidden = table.names.length < 2;
    part("column-pair-row").hidden = !limits.pairs;
    part("file-form").hidden = false;
    report(`${table.rows.length.toLocaleString("en")} rows. ${table.note ?? ""}`.trim());
  });

  part("stop").addEventListener("click", () => stopping?.abort());
  part("start").addEventListener("click", async () => {
    clearResult();
    stopping = new AbortController();
    setBusy(true);
    try {
      const columns = (limits.pairs ? ["column", "column-pair"] : ["column"]).map((id) => Number(part(id).value));
      if (new Set(columns).size < columns.length) throw new Error("Choose another column for the second text.");
      const texts = table.rows.map((row) => columns.map((column) => row[column]));
      const { answers, truncated } = await classifyRows(texts, stopping.signal);
      offer(table, columns, answers, truncated);
    } catch (error) {
      report(error.name === "AbortError" ? "Stopped." : error.message);
    }
    setBusy(false);
  });

  async function classifyRows(texts, signal) {
    const answers = new Array(texts.length).fill(null);
    const lists = parts(texts, {
      most: Math.min(TEXTS_AT_ONCE, limits.max_client_batch_size),
      characters: limits.max_characters,
      bytes: limits.max_body_bytes / 2,
    });
    let done = 0;
    let truncated = 0;
    for (const numbers of lists) {
      const classified = await patiently(
        () => classify(numbers.map((number) => texts[number]), signal),
        signal,
        (error) => report(`${error.message} Trying again.`),
      );
      numbers.forEach((number, place) => { answers[number] = classified.answers[place]; });
      truncated += classified.truncated;
      done += numbers.length;
      part("progress").value = done / texts.length;
      report(`${done.toLocaleString("en")} of ${texts.length.toLocaleString("en")} texts.`);
    }
    return { answers, truncated };
  }

  function offer({ names, rows }, columns, answers, truncated) {
    const { thresholds } = limits;
    const first = answers.find((scores) => scores);
    const labels = first ? namesOf(readScores(first).byLabel) : [];
    const separator = labelSeparator(labels);
    const reached = answers.map((scores) => (thresholds && scores ? readScores(scores, thresholds).reached : []));
    // As `textune predict` names them.
    const last = [...(limits.abstains_below === 0 ? [] : ["abstained"]), ...(limits.may_be_other ? ["other"] : [])];
    const decided = thresholds ? ["labels"] : ["label", "score"];
    const texts = limits.pairs ? ["text", "text_pair"] : ["text"];
    const results = [...texts, ...decided, ...labels.map((label) => `score_${label}`), ...last];
    const others = names.map((name, number) => number).filter((number) => !columns.includes(number));
    // A column with the name of a result is kept beside it.
    const otherNames = others.map((number) => (results.includes(names[number]) ? `input_${names[number]}` : names[number]));
    const filled = rows.map((row, number) => {
      const scores = answers[number];
      const byLabel = new Map(scores?.map(({ label, score }) => [label, score]));
      return [
        ...columns.map((column) => row[column]),
        ...(thresholds ? [namesOf(reached[number]).join(separator)] : [scores?.[0].label, scores?.[0].score]),
        ...labels.map((label) => byLabel.get(label)),
        ...last.map((name) => scores && String(scores[0][name] === true)),
        ...others.map((other) => row[other]),
      ];
    });
    URL.revokeObjectURL(offered);
    offered = URL.createObjectURL(new Blob([formatTable([...results, ...otherNames], filled)], { type: "text/csv" }));
    part("download").href = offered;
    part("download").download = "classified.csv";
    part("download").hidden = false;
    const heads = limits.pairs ? ["First text", "Second text"] : ["Text"];
    drawTable(part("rows"), {
      caption: `The first ${Math.min(SHOWN_ROWS, rows.length)} of ${rows.length.toLocaleString("en")} rows`,
      ...(thresholds ? {
        head: [...heads, "Labels"],
        rows: filled.slice(0, SHOWN_ROWS).map((row, number) => [
          ...row.slice(0, heads.length),
          namesWithShares(reached[number]) || "(none)",
        ]),
      } : {
        head: [...heads, "Label", "Probability"],
        rows: filled.slice(0, SHOWN_ROWS).map((row, number) => {
          const score = row[heads.length + 1];
          const label = answers[number] ? labelShown(answers[number]) : "(none)";
          return [...row.slice(0, heads.length), label, score === undefined ? "" : percent(score)];
        }),
        numbers: [heads.length + 1],
      }),
    });
    part("rows").hidden = false;
    const without = answers.filter((scores) => !scores).length;
    const rest = without ? ` ${without.toLocaleString("en")} have none: they are empty or too long.` : "";
    const isOpen = (scores, number) => (thresholds ? !reached[number].length : scores[0].abstained === true);
    const abstained = answers.filter((scores, number) => scores && isOpen(scores, number)).length;
    const reason = thresholds ? "no label reaches its threshold" : "the probability is too low";
    const open = abstained ? ` ${abstained.toLocaleString("en")} have none: ${reason}.` : "";
    const other = answers.filter((scores) => scores?.[0].other).length;
    const outside = other ? ` ${other.toLocaleString("en")} are none of these.` : "";
    const tokens = limits.max_input_length.toLocaleString("en");
    const cut = truncated ? ` ${truncated.toLocaleString("en")} are longer than the ${tokens} tokens that the model reads.` : "";
    const labelled = (answers.length - without - abstained - other).toLocaleString("en");
    report(`Done: ${labelled} texts have a label.${outside}${open}${rest}${cut}`);
  }

  function optionsOf(names) {
    return names.map((name, number) => {
      const option = element("option", "", name || `column ${number + 1}`);
      option.value = String(number);
      return option;
    });
  }

  // In the order of the classes, as `textune predict` writes them.
  function namesOf(scores) {
    const classes = Object.values(limits.model_type.classifier.id2label);
    const names = new Set(scores.map(({ label }) => label));
    return classes.filter((name) => names.has(name));
  }

  function clearResult() {
    part("download").hidden = true;
    part("rows").hidden = true;
    part("rows").replaceChildren();
    report("");
  }

  function setBusy(busy) {
    part("start").disabled = busy;
    part("stop").hidden = !busy;
    part("progress").hidden = !busy;
    part("progress").value = 0;
  }

  function report(sentence) {
    part("file-status").textContent = sentence;
  }
}
