"""Mythgate: one multiplayer game server that many kinds of client enter through their own door."""

__version__ = "0.1.0"
