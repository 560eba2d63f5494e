"""The loop over frames: prefetching, passes, optimization, finishing, checkpoint, outputs of the run."""
