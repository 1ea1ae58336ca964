// What the person's other windows show, so that no two of them ask about the same text.

const OWN = `textune-window-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
const HOUR = 3600 * 1000;

export function show(key) {
  localStorage.setItem(OWN, JSON.stringify({ key, at: Date.now() }));
}

export function othersKeys() {
  const keys = [];
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith("textune-window-") || name === OWN) continue;
    const shown = JSON.parse(localStorage.getItem(name) || "{}");
    if (Date.now() - shown.at < HOUR && shown.key) keys.push(shown.key);
    else localStorage.removeItem(name);
  }
  return keys.slice(-100);
}

addEventListener("pagehide", () => localStorage.removeItem(OWN));
