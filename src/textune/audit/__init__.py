"""Checks of a source of labelled texts: each finds rows to look at and says what to do about them."""
