"""What watching does unless asked otherwise, for help texts too: nothing heavy is imported here."""

MOST_TEXTS = 20_000
"""How many new texts are looked at, drawn at random: more would hardly narrow an interval."""
WATCH_PAGE = "watch.html"
"""The name of the page in the run's folder."""
MOST_OF_PERIOD = 2000
"""How many texts of each hour or day of a log are looked at, drawn at random."""
