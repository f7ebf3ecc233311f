"""Measured comparisons; never imported by the package."""
