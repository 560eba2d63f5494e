"""Tooltips and messages in other languages than English, as JSON: English to the other."""
