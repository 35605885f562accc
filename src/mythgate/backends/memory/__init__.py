"""Live state of one node, in dictionaries."""
