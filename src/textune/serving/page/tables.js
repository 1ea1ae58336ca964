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

// Returns {names, rows} of a file's contents, and a note if quotes are ordinary characters in it; a text file has the one
// column "text". As in `textune predict`, the file decides what separates its cells and whether quotes enclose them.
export function readTable(name, contents) {
  const lines = contents.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  if (/\.txt$/i.test(name)) return { names: ["text"], rows: lines.map((line) => [line]) };
  const named = /^sep=(.)$/i.exec(lines[0] ?? "")?.[1];
  if (named) lines.shift();
  const filled = lines.filter((line) => line);
  const separator = named ?? findSeparator(filled, /\.(tsv|tab)$/i.test(name) ? "\t" : ",");
  const { table, note } = readCells(filled, lines.join("\n"), separator);
  const [names = [], ...below] = table;
  const header = names.join(separator);
  const rows = below.filter((row) => row.join(separator) !== header);
  if (!rows.length) throw new Error("The table has no row below its header row.");
  const bad = rows.findIndex((row) => !fits(row, names.length));
  if (bad >= 0) {
    throw new Error(`Row ${bad + 2} has ${rows[bad].length} cells, and there are ${names.length} columns.`);
  }
  return { names, rows: rows.map((row) => row.slice(0, names.length)), ...(note && { note }) };
}

// Returns the separator that gives the first lines equally many cells, preferably the usual one.
function findSeparator(lines, usual) {
  const [header = "", ...others] = lines.slice(0, 200);
  const suits = (separator) => {
    const width = header.split(separator).length;
    return width > 1 && others.filter((line) => line.split(separator).length === width).length > 0.6 * others.length;
  };
  return header.includes(usual) ? usual : (["\t", "|", ";", ","].find(suits) ?? usual);
}

// Cells beyond the header's may be there if they are empty.
function fits(row, width) {
  return row.length >= width && row.slice(width).every((cell) => !cell.trim());
}

// Returns the rows of a table: with cells in quotes, unless a quote would then swallow rows.
function readCells(lines, source, separator) {
  const literal = lines.map((line) => line.split(separator));
  const table = attempt(() => parseTable(source, separator));
  const betweenTexts = separator === "\t" || separator === "|";
  const sample = table.rows?.slice(1).filter((row) => !row.some((cell) => cell.includes("\n"))) ?? [];
  const swallowed = table.error ? betweenTexts : swallowsRows(table.rows, sample, literal[0].length, separator);
  if (!swallowed && table.error) throw table.error;
  if (!swallowed) return { table: table.rows };
  const needed = lines.some((line, number) => {
    const { rows } = attempt(() => parseTable(line, separator));
    return rows?.length === 1 && !betweenTexts && rows[0].some((cell, place) => cell !== literal[number][place]);
  });
  const sure = table.error || sample.length >= (betweenTexts ? 3 : 10);
  if (!needed && sure && literal.every((row) => fits(row, literal[0].length))) {
    return { table: literal, note: "Quotes are read as ordinary characters, as they would swallow rows." };
  }
  throw table.error ?? new Error(
    "A quoted cell spans lines that look like rows of their own. Close its quote, or classify the file with "
    + "`textune predict`, which has the setting data.quoting.",
  );
}

function attempt(read) {
  try {
    return { rows: read() };
  } catch (error) {
    return { error };
  }
}

// Returns whether the lines of a cell look like rows: as many cells, and the values of other rows in columns of few values.
function swallowsRows(rows, single, width, separator) {
  const lines = (row) => row.join(separator).split("\n").map((line) => line.split(separator));
  const sample = single.length < 3 ? rows.slice(1).flatMap(lines).filter((row) => row.length === width) : single;
  const known = rows[0]
    .map((_, place) => [place, new Set(sample.map((row) => row[place]))])
    .filter(([, values]) => values.size <= Math.max(2, sample.length / 2));
  if (!known.length && separator !== "\t" && separator !== "|") return false;
  const looksLikeRow = (cells) => (
    cells.length === width && width > 1 && known.every(([place, values]) => values.has(cells[place]))
  );
  return rows.some((row) => lines(row).filter(looksLikeRow).length > 1);
}

// Returns the number of the column that most likely holds the text.
export function guessColumn(names) {
  const known = ["text", "texts", "sentence", "content", "tweet", "post", "message", "review", "body"];
  const numbers = known.map((word) => names.findIndex((name) => name.trim().toLowerCase() === word));
  return numbers.find((number) => number >= 0) ?? 0;
}

// Returns what stands between several labels in a cell: the first that is in none of their names, as in `textune predict`.
export function labelSeparator(names) {
  return ["|", ";", ",", "#"].find((sign) => !names.some((name) => name.includes(sign))) ?? "\n";
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
