"""How well a run's classifier does on new texts without labels, and whether that can be known at all."""
