"""What earlier frames give to the next: history, warm start, disocclusion, style gain."""
