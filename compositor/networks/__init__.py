"""Networks: VGG features, RAFT optical flow, and their weights."""
