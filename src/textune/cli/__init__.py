"""The command line: arguments in, one command run, its result shown."""
