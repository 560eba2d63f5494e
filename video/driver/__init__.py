"""The loop over frames: prefetching, checkpoint, optimization, finishing, output of the run."""
