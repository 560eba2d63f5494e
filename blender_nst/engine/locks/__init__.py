"""Lock files of the installations, and their reading."""
