"""Is a source sound? Checks that find rows to look at, each with what to do about them."""
