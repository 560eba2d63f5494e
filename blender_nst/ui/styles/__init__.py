"""The styles beside their list: images of the .blend file, and packing them into it."""
