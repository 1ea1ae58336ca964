"""The Keras engine: one more way to train, imported only where it is asked for."""
