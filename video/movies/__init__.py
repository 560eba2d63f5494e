"""Movies: their frames upright, in their colors and at their times; styled movies with sound."""
