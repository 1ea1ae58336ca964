"""The command line: arguments in, one workflow called, its result shown."""
