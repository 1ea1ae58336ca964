#!/usr/bin/env bash
# transformers 5.24.0: one short input switches a BigBird model to full attention for the rest of its life.
#
# `BigBirdModel` computes block-sparse attention only for inputs longer than (5 + 2 * num_random_blocks) * block_size
# tokens. A shorter one sets the model itself, not the call, to "original_full" and nothing sets it back. So in evaluation
# mode the same long text gets one result before the first short text and another afterwards, and results depend on the
# order of the texts. `model.config.attention_type` still says "block_sparse".
#
# Exits with 0 while this holds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0
cat >"$folder/order.py" <<'PYTHON'
import torch
from transformers import BigBirdConfig, BigBirdModel, __version__

print("transformers", __version__)
torch.manual_seed(0)
config = BigBirdConfig(
    vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
    max_position_embeddings=256, block_size=4, num_random_blocks=1, initializer_range=0.5,
)
model = BigBirdModel(config).eval()
long, short = torch.arange(3, 131).unsqueeze(0), torch.arange(3, 13).unsqueeze(0)
with torch.inference_mode():
    first, again = (model(long).last_hidden_state for _ in range(2))
    model(short)
    after = model(long).last_hidden_state
print("long, long:", "same" if torch.equal(first, again) else "different")
print("long, short, long:", "same" if torch.allclose(first, after, atol=1e-3) else "different")
print("the model computes:", model.attention_type, "- its configuration says:", model.config.attention_type)
PYTHON
printed=$("$folder/env/bin/python" "$folder/order.py" 2>/dev/null)
echo "$printed"
[ "${printed#*$'\n'}" = "long, long: same
long, short, long: different
the model computes: original_full - its configuration says: block_sparse" ]
