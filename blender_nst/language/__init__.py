"""What is said in the window, in the user's language."""
