#!/usr/bin/env bash
# transformers 5.24.0: without its CUDA kernel, MRA's attention returns zeros, and nothing says so.
#
# `MraModel` loads and runs on a CPU without an error or a warning. Each token's vector then depends on that token and
# its position alone: changing one word changes no other word's vector. A classifier trained on such vectors works a
# little and is wrong. BERT, for comparison, changes all vectors.
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
cat >"$folder/change.py" <<'PYTHON'
import sys

import torch
from transformers import AutoConfig, AutoModel, __version__

torch.manual_seed(0)
sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
config = AutoConfig.for_model(sys.argv[1], vocab_size=50, max_position_embeddings=64, **sizes)
model = AutoModel.from_config(config).eval()
ids = torch.arange(2, 34).unsqueeze(0)
changed = ids.clone()
changed[0, 5] = 40
with torch.inference_mode():
    before, after = (model(each, attention_mask=torch.ones_like(each)).last_hidden_state for each in (ids, changed))
moved = [token for token in range(32) if not torch.equal(before[0, token], after[0, token])]
print(len(moved), "vectors change")
print("transformers", __version__, file=sys.stderr)
PYTHON
check() {
    printed=$(CUDA_VISIBLE_DEVICES="" "$folder/env/bin/python" "$folder/change.py" "$1")
    echo "$1: one token changed, $printed"
    [ "$printed" = "$2 vectors change" ]
}
check bert 32
check mra 1
