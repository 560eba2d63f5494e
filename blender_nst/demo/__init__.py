"""The demo's scene, made by code."""
