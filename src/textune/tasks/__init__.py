"""What a label is: the activation, the loss, the decision and the calibration of a kind of label."""
