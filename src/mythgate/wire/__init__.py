"""Formats: bytes or JSON to values and back. Nothing here does I/O."""
