"""Stylization of one frame: inputs, styles, pyramid, temporal constraint, optimizer."""
