#!/bin/sh
# Trains on the shipped sample with the embedded model, shows the result, and classifies three sentences.
# Needs `textune` on the PATH and no network.
set -eu
run="${1:-runs}/quickstart"
rm -rf "$run"
textune train --recipe frozen --model embedded:minilm --data sample:emotion --out "$run" --offline
echo
echo "Three sentences that are not in the sample:"
textune predict "$run" \
    "They cancelled my train again and nobody can tell us why" \
    "We got the keys to our first flat today!!" \
    "One more exam and then summer, we can do this"
cat <<EOF

What to try next:
  . .venv/bin/activate
  textune predict $run "A sentence of your own"
  textune train --model embedded:minilm --data your-texts.csv      (columns: text, label)
  textune train --recipe paper --model embedded:minilm --data sample:emotion
  textune --help
EOF
