"""What is minimized: loss terms, style targets, and the objective made of them."""
