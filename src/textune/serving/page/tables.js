// Tables as text: CSV and TSV in (RFC 4180), CSV out. Knows neither the page nor the server.

// Which columns hold the text, by their names: those of `data/columns.py`.
export const TEXT_NAMES = [
  "text", "sentence", "tweet", "content", "review", "comment", "message", "body", "post", "document",
  "utterance", "question", "input",
];

const USUAL = { csv: ",", tsv: "\t", tab: "\t", psv: "|" };
const BETWEEN_TEXTS = ["\t", "|"];
const SAMPLE_LINES = 200;

// Returns {names, rows} of a file's contents, and a note if quotes are ordinary characters in it; a text file has the one
// column "text". As in `textune predict`, the file decides what separates its cells and whether quotes enclose them.
export function readTable(name, contents) {
  const lines = contents.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  if (/\.txt$/i.test(name)) return { names: ["text"], rows: lines.map((line) => [line]) };
  const named = /^("?)sep=([,;\t|]?)\1\2*$/i.exec(lines[0] ?? "");
  if (named) lines.shift();
  const usual = USUAL[name.split(".").at(-1).toLowerCase()] ?? ",";
  const separator = named ? named[2] || "\t" : findSeparator(lines.slice(0, SAMPLE_LINES), usual);
  const { table, note } = readCells(lines, separator);
  const [header = [], ...below] = table;
  const rows = below.filter((row, number) => !isHeader(row, header, number + 2));
  if (!rows.length) throw new Error("The table has no row below its header row.");
  return { ...withNames(header, rows), ...(note && { note }) };
}

// Returns whether a row is the header again, perhaps in other capitals or after a byte order mark.
function isHeader(row, header, number) {
  if (row.length === header.length && row.every((cell, place) => cell === header[place])) return true;
  const [cells, names] = [row.map(plain), header.map(plain)];
  if (cells.length < 2 || cells.length !== names.length || !cells.every((cell) => cell)) return false;
  if (cells.every((cell, place) => cell === names[place])) return true;
  if (cells.sort().join("\n") === names.sort().join("\n")) {
    throw new Error(`Row ${number} is a second header, with the columns in another order.`);
  }
  return false;
}

function plain(cell) {
  return cell.replace(/^[\ufeff" ]+|[\ufeff" ]+$/g, "").toLowerCase();
}

// Returns names and rows without empty columns that have no name, nor the row numbers that R writes.
function withNames(header, rows) {
  let names = header.map((name) => name.trim());
  const numbers = rows.map((row) => row[0]);
  const areNumbered = rows.length > 1 && new Set(numbers).size === rows.length
    && rows.every((row) => row.length === names.length + 1 && /^\d+$/.test(row[0]));
  if (areNumbered) names = ["", ...names];
  const least = names.findLastIndex((name) => name) + 1 || names.length;
  const bad = rows.findIndex((row) => row.length < least || !fits(row, Math.min(row.length, names.length)));
  if (bad >= 0) {
    throw new Error(`Row ${bad + 2} has ${rows[bad].length} cells, and there are ${names.length} columns.`);
  }
  const isKept = names.map((name, place) => (
    name !== "" || (!(areNumbered && place === 0) && rows.some((row) => row[place]?.trim()))
  ));
  const keep = (cells) => names.map((_, place) => cells[place] ?? "").filter((_, place) => isKept[place]);
  return { names: keep(names.map((name, place) => name || `column ${place + 1}`)), rows: rows.map(keep) };
}

// Cells beyond the header's may be there if they are empty.
function fits(row, width) {
  return row.length >= width && row.slice(width).every((cell) => !cell.trim());
}

// Returns the separator that cuts the first lines into equally many cells, preferably the usual one.
function findSeparator(lines, usual) {
  const share = (separator) => {
    const { rows, fault } = scan(lines, separator);
    const literal = lines.filter((line) => line.trim()).map((line) => line.split(separator).length);
    return Math.max(alike(literal), fault ? 0 : alike(rows.map((row) => row.cells.length)));
  };
  const shares = new Map([usual, "\t", "|", ";", ","].map((separator) => [separator, share(separator)]));
  const most = Math.max(...shares.values());
  if (shares.get(usual) || most <= 0.6) return usual;
  return [...shares.keys()].find((separator) => shares.get(separator) === most);
}

// Returns the share of counts that are the first; 0 if that is 1.
function alike([first = 1, ...others]) {
  return first > 1 ? (1 + others.filter((count) => count === first).length) / (1 + others.length) : 0;
}

// Returns the rows of lines with quoted cells, each with its lines, up to the first that cannot be read, and its fault. Quoted
// cells may hold separators, quotes (doubled) and line ends (RFC 4180).
function scan(lines, separator) {
  const rows = [];
  for (let at = 0; at < lines.length; ) {
    const row = scanRow(lines, at, separator);
    if (row.fault) return { rows, at, fault: new Error(`${row.fault} row ${rows.length + 1}.`) };
    if (row.cells.length > 1 || row.cells[0] !== "") rows.push(row);
    at += row.lines.length;
  }
  return { rows };
}

function scanRow(lines, start, separator) {
  const cells = [];
  let cell = "";
  let state = "start";
  for (let at = start; at < lines.length; at += 1) {
    const line = lines[at];
    for (let place = 0; place < line.length; place += 1) {
      const sign = line[place];
      if (state === "quoted") {
        if (sign !== '"') cell += sign;
        else if (line[place + 1] === '"') {
          cell += sign;
          place += 1;
        } else state = "closed";
      } else if (sign === separator) {
        cells.push(cell);
        cell = "";
        state = "start";
      } else if (state === "closed") return { fault: "There is text after the quote that closes a cell in" };
      else if (state === "start" && sign === '"') state = "quoted";
      else {
        cell += sign;
        state = "plain";
      }
    }
    if (state !== "quoted") return { cells: [...cells, cell], lines: lines.slice(start, at + 1) };
    cell += "\n";
  }
  return { fault: "A quoted cell is never closed: it begins in" };
}

// Returns the rows of a table: with cells in quotes, unless a quote would then swallow rows. The rules are those of
// `formats/dialect.py`.
function readCells(lines, separator) {
  const betweenTexts = BETWEEN_TEXTS.includes(separator);
  const { rows, at = lines.length, fault } = scan(lines, separator);
  const literal = lines.filter((line) => line).map((line) => line.split(separator));
  const width = (literal[0] ?? []).length;
  const alone = rows.slice(1).filter((row) => row.lines.length === 1);
  const left = lines.slice(at).map((line) => ({ cells: [], lines: [line], ...scanRow([line], 0, separator) }));
  const single = [...alone, ...left].filter((row) => row.lines[0]);
  const swallowing = rows.filter((row) => row.lines.length > 1);
  const known = knownValues(single, swallowing, width, separator);
  const suspicious = swallowing.filter((row) => rowLike(row.lines, known, width, separator) > 1);
  const quotes = weigh([...(rows[0]?.lines.length === 1 ? [rows[0]] : []), ...single], separator);
  const needed = quotes.needed + swallowing.length - suspicious.length;
  const encloses = needed > 0 || (quotes.bare.size > 0 && (!betweenTexts || quotes.encloseCells));
  const fit = literal.every((row) => fits(row, width) || row.every((cell) => !cell));
  if (suspicious.length && (encloses || single.length < (betweenTexts ? 3 : 10) || !fit)) {
    throw new Error(
      "A quoted cell spans lines that look like rows of their own. Close its quote, or classify the file with "
      + "`textune predict`, which has the setting data.quoting.",
    );
  }
  if ((suspicious.length || (fault && betweenTexts)) && fit && !encloses) {
    return { table: literal, note: "Quotes are read as ordinary characters, as they would swallow rows." };
  }
  if (quotes.bare.size && !encloses && !fault) {
    return { table: literal, note: "Quotes are read as ordinary characters, as no cell needs them." };
  }
  if (fault) throw fault;
  return { table: rows.map((row) => row.cells) };
}

// Returns the values of the columns that repeat a few values, as labels do, or hold numbers, by column.
function knownValues(single, swallowing, width, separator) {
  const rows = single.map((row) => (row.cells.length === width ? row.cells : row.lines[0].split(separator)));
  rows.push(...swallowing.map((row) => row.cells).filter((cells) => cells.length === width));
  if (single.length < 3) {
    const cut = swallowing.flatMap((row) => row.lines).map((line) => line.split(separator));
    rows.push(...cut.filter((cells) => cells.length === width).map((cells) => cells.map(unquoted)));
  }
  const most = Math.min(200, Math.max(2, Math.floor(rows.length / 2)));
  return Array.from({ length: width }, (_, place) => new Set(rows.map((row) => row[place] ?? "")))
    .map((values, place) => [place, values])
    .filter(([, values]) => values.size <= most || [...values].every((value) => /^\d+$/.test(value.trim())));
}

function unquoted(cell) {
  return cell.replace(/^"+|"+$/g, "");
}

// Returns how many lines have a row's cells, with values as other rows have.
function rowLike(lines, known, width, separator) {
  const rows = lines.map((line) => line.split(separator)).filter((cells) => cells.length === width && width > 1);
  // Hardly any text has a row's separators on each of its lines, be the values known or not.
  if (rows.length === lines.length && rows.length >= (known.length ? 8 : 3)) return rows.length;
  if (!known.length && !BETWEEN_TEXTS.includes(separator)) return 0;
  return rows.map((cells) => cells.map(unquoted)).filter((cells) => (
    known.every(([place, values]) => values.has(cells[place]) || /^\d+$/.test(cells[place]))
  )).length;
}

// Returns what the quotes of rows on a single line do: how many cells need them, which columns have them without need, and
// whether they enclose cells of whole columns, or just those with commas, as writers do.
function weigh(rows, separator) {
  const [bare, bareWithout, withoutQuotes] = [new Set(), new Set(), new Set()];
  let [needed, commas, bareWithoutComma] = [0, false, false];
  for (const { cells, lines: [line] } of rows.filter((row) => row.cells.length)) {
    const literal = line.split(separator);
    if (cells.length !== literal.length) needed += 1;
    else {
      cells.forEach((cell, place) => {
        if (literal[place] === `"${cell}"`) {
          bare.add(place);
          bareWithoutComma ||= !cell.includes(",");
        } else if (literal[place] !== cell) needed += 1;
        else if (cell) {
          withoutQuotes.add(place);
          commas ||= cell.includes(",") && (separator !== "," || line.includes('"'));
        }
      });
    }
  }
  for (const place of bare) if (!withoutQuotes.has(place)) bareWithout.add(place);
  return { needed, bare, encloseCells: bareWithout.size > 0 || !(commas || bareWithoutComma) };
}

// Returns the number of the column that most likely holds the text.
export function guessColumn(names) {
  const exact = names.indexOf(TEXT_NAMES[0]);
  if (exact >= 0) return exact;
  const numbers = TEXT_NAMES.map((word) => names.findIndex((name) => name.trim().toLowerCase() === word));
  return numbers.find((number) => number >= 0) ?? 0;
}

// Returns the number of the column that most likely holds the second text, beside that of the first.
export function guessPairColumn(names, first) {
  const named = names.findIndex((name, number) => number !== first && name.trim().toLowerCase() === "text_pair");
  if (named >= 0) return named;
  return first + 1 < names.length ? first + 1 : first - 1;
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
// long, are in none. A text has one side, or the two of a pair, which count together.
export function parts(texts, { most, characters, bytes }) {
  const lists = [];
  let size = Infinity;
  texts.forEach((sides, number) => {
    const length = sides.reduce((sum, side) => sum + side.length, 0);
    if (!sides.every((side) => side.trim()) || length > characters) return;
    // A character takes 6 bytes of JSON at most, and a pair of surrogates 12. Names come with the texts of a pair.
    const cost = length * 6 + 40;
    if (size + cost > bytes || lists.at(-1).length >= most) {
      lists.push([]);
      size = 0;
    }
    lists.at(-1).push(number);
    size += cost;
  });
  return lists;
}
