"""Operators that render a stylized animation, and what they ask before its first frame."""
