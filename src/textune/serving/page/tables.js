// Tables as text: CSV and TSV in (RFC 4180), CSV out. Knows neither the page nor the server.

// Returns rows of cells; quoted cells may hold separators, quotes (doubled) and line ends.
export function parseTable(text, separator = ",") {
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && source[at + 1] === "\n") at += 1;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else cell += sign;
  }
  if (quoted) throw new Error(`A quoted cell is never closed: it begins in row ${rows.length + 1}.`);
  if (cell !== "" || row.length) rows.push([...row, cell]);
  return rows.filter((cells) => cells.length > 1 || cells[0] !== "");
}

// Returns {names, rows} of a file's contents; a text file has the one column "text".
export function readTable(name, contents) {
  if (/\.txt$/i.test(name)) {
    const lines = contents.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
    if (lines.at(-1) === "") lines.pop();
    return { names: ["text"], rows: lines.map((line) => [line]) };
  }
  const [names = [], ...rows] = parseTable(contents, /\.tsv$/i.test(name) ? "\t" : ",");
  if (!rows.length) throw new Error("The table has no row below its header row.");
  const bad = rows.findIndex((row) => row.length !== names.length);
  if (bad >= 0) {
    throw new Error(`Row ${bad + 2} has ${rows[bad].length} cells, and there are ${names.length} columns.`);
  }
  return { names, rows };
}

// Returns the number of the column that most likely holds the text.
export function guessColumn(names) {
  const known = ["text", "texts", "sentence", "content", "tweet", "post", "message", "review", "body"];
  const numbers = known.map((word) => names.findIndex((name) => name.trim().toLowerCase() === word));
  return numbers.find((number) => number >= 0) ?? 0;
}

export function formatTable(names, rows) {
  return [names, ...rows].map((cells) => cells.map(quote).join(",")).join("\r\n") + "\r\n";
}

function quote(value) {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Returns lists of row numbers that may go in one request; rows without a text, or with one that is too
// long, are in none.
export function parts(texts, { most, characters, bytes }) {
  const lists = [];
  let size = Infinity;
  texts.forEach((text, number) => {
    if (!text.trim() || text.length > characters) return;
    // A character takes 6 bytes of JSON at most, and a pair of surrogates 12.
    const cost = text.length * 6 + 4;
    if (size + cost > bytes || lists.at(-1).length >= most) {
      lists.push([]);
      size = 0;
    }
    lists.at(-1).push(number);
    size += cost;
  });
  return lists;
}
