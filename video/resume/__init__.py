"""How a run that was killed goes on: journal, result store, frame store, fingerprints."""
