"""Style pictures made by code, for the demo and the tests."""
