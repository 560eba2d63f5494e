"""Log files, caught exceptions, and the text of a bug report. The standard library alone."""
