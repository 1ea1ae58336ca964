"""A folder that serves a classifier somewhere else: an export, the code, requirements, and a way to start."""
