// Calls the server of textune label: JSON in, JSON out, or a CallError with what it said.
// The token is behind the # of the address. A tab keeps it, so that a reload needs no address.

const TOKEN = "textune-token";

export class CallError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(TOKEN) || "";
}

export async function call(name, body) {
  let response;
  try {
    response = await fetch(`api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token()}` },
      body: JSON.stringify(body),
    });
  } catch {
    throw new CallError(0, "The server cannot be reached. Is textune label still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new CallError(response.status, answer.error || `The server answered ${response.status}.`);
}

// An answer is sent with one id until it is confirmed, so that it counts once however often it is sent.
export async function callUntilHeard(name, body, onWait) {
  for (let seconds = 1; ; seconds = Math.min(2 * seconds, 15)) {
    try {
      return await call(name, body);
    } catch (error) {
      if (error.status !== 0) throw error;
      onWait(error.message);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
