"""Run directories read back and shown."""
