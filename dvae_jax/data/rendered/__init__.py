"""Data sets drawn on the device."""
