"""The training of lanes."""
