"""One function per command: the only place where the layers meet."""
