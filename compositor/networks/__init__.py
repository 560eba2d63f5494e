"""The networks: VGG for features, RAFT for optical flow, their weights and where these come from."""
