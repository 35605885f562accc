"""Numbered streams, resume and fan-out: how what happened reaches whoever may know.

Nothing in this package waits, knows a format or renders anything. `Hub` decides who gets an event,
`Stream` numbers and keeps it, an `Outbox` says how much of it one connection was given, and the
door's `Sink` turns it into bytes.
"""
