// Ask a server through Hugging Face's client in JavaScript. In: the server's URL and the model's name as arguments,
// texts as JSON on standard input. Out: the probabilities (texts, classes) by way of asking, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { InferenceClient } = require("@huggingface/inference");
const client = new InferenceClient("", { endpointUrl: process.argv[2] });
const rows = [];
for (const inputs of JSON.parse(readFileSync(0, "utf-8"))) {
  const scores = await client.textClassification({ inputs, parameters: { top_k: 1000 } });
  rows.push(scores.sort((one, other) => (one.label < other.label ? -1 : 1)).map((each) => each.score));
}
console.log(JSON.stringify({ textClassification: rows }));
