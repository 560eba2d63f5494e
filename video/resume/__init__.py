"""Resuming a run that was stopped or killed: journal, result store, frame store, fingerprints."""
