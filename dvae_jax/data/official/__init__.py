"""Data sets read from their published files."""
