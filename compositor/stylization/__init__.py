"""One frame from its start image to its result: styles, pyramid, temporal constraint, optimizer."""
