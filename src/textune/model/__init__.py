"""The model: heads, the classifier that they make with an encoder, calibration, and storage."""
