"""Hardware: the device, the precision of the features, and the allocator."""
