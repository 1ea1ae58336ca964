#!/usr/bin/env bash
# tokenizers 0.23.3: a truncated pair keeps what was cut off in every combination of both texts.
#
# enable_truncation() returns what it cuts off as encoding.overflowing. For one text that is a list of its parts, so
# memory grows with the text. For a pair, each part of one text stands with each part of the other: at a limit of 64, two
# texts of 600 words give 399 more encodings where one text of 1,200 words gives 19, and twice the words give
# four times as many. transformers' tokenizers call the same function whenever truncation is on, also where nobody asked
# for the rest (return_overflowing_tokens is False). Memory for pairs of long documents thus grows with the product of
# their lengths, although the answer is 64 ids.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check tokenizers==0.23.3
cat >"$folder/encode.py" <<'PYTHON'
from importlib.metadata import version

from tokenizers import Tokenizer, models, pre_tokenizers, processors

tokenizer = Tokenizer(models.WordLevel({"[CLS]": 0, "[SEP]": 1, "word": 2}, unk_token="word"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer.post_processor = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
)
tokenizer.enable_truncation(64)
print("tokenizers", version("tokenizers"))
for words in (300, 600, 1200):
    pair, single = tokenizer.encode("word " * words, "word " * words), tokenizer.encode("word " * 2 * words)
    print(words, "words twice: a pair keeps", len(pair.overflowing), "encodings, one text", len(single.overflowing))
PYTHON
printed=$("$folder/env/bin/python" "$folder/encode.py")
echo "$printed"
[ "$printed" = "tokenizers 0.23.3
300 words twice: a pair keeps 99 encodings, one text 9
600 words twice: a pair keeps 399 encodings, one text 19
1200 words twice: a pair keeps 1559 encodings, one text 38" ]
