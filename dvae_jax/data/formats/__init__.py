"""File formats, packed copies and where they are kept."""
