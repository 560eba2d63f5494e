"""The worker's messages and their form as JSON Lines; standard library alone."""
