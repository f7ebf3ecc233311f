"""Data sets read from files: published, bundled with software, one's own."""
