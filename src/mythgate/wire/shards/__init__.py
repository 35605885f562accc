"""The Shards network, version 1.0.0: JSON messages, one a WebSocket text frame.

`messages` declares the 47 types and their fields, `codec` turns text into messages and back and says which
check a broken one fails, `builders` makes the usual ones, `encryption` is the optional coat around frames.
"""
