// Talks to the server: JSON in, JSON out, or an ApiError with the server's message.
// The key is kept in memory only.

export class ApiError extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

let key = "";

export function useKey(value) {
  key = value;
}

async function call(path, options) {
  const headers = { "content-type": "application/json" };
  if (key) headers.authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached.", 2);
  }
  const document = await response.json().catch(() => ({}));
  if (response.ok) return { document, headers: response.headers };
  const seconds = Number(response.headers.get("retry-after")) || 1;
  throw new ApiError(response.status, document.error || `The server answered ${response.status}.`, seconds);
}

export async function readInfo() {
  return (await call("info", { method: "GET" })).document;
}

// A text is a list here, with one side, or with the two of a pair. The server takes a pair as an object.
function asInput([text, textPair]) {
  return textPair === undefined ? text : { text, text_pair: textPair };
}

// Returns the answer to every text, and how many of the texts are longer than the model reads.
export async function classify(texts, signal) {
  const body = JSON.stringify({ inputs: texts.map(asInput) });
  const { document, headers } = await call("./", { method: "POST", body, signal });
  return { answers: document, truncated: Number(headers.get("x-truncated-texts")) };
}

// Splits the answer to one text: where the classifier gives no label, its first entry says so, and whether the text is of
// none of the classes. If a text can have several
// labels, it has those that reach their thresholds.
export function readScores(scores, thresholds = null) {
  const [{ label, score, other = false }] = scores;
  const byLabel = scores.filter((each) => each.label !== null);
  const reached = thresholds ? byLabel.filter((each) => each.score >= thresholds[each.label]) : [];
  return { label, score, other, byLabel, reached };
}

// Explains a label, or by default the most probable one that the text has.
export async function explain(text, signal, label) {
  const asked = label === undefined ? { inputs: asInput(text) } : { inputs: asInput(text), label };
  return (await call("explain", { method: "POST", body: JSON.stringify(asked), signal })).document;
}

// Retries while the server is busy or briefly unreachable.
export async function patiently(ask, signal, onWait) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (![0, 429, 503, 504].includes(error.status)) throw error;
      onWait(error);
      await pause(error.retryAfter * 1000, signal);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException("stopped", "AbortError"));
    if (signal.aborted) stopped();
    signal.addEventListener("abort", stopped, { once: true });
    setTimeout(resolve, milliseconds);
  });
}
