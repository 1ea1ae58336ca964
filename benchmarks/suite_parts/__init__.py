"""The parts of the suite: sources, contestants, cells, scores, the table and the picture."""
