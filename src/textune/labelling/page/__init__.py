"""The files of the page for labelling, which shares its style with the server's page."""
