"""`python -m textune` is the command `textune`."""

from textune.cli.app import start

if __name__ == "__main__":
    start()
