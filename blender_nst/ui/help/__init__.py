"""Links to the documentation."""
