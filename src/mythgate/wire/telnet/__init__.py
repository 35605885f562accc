"""Telnet and what text games add to it: bytes to values and back, without I/O.

`codec` cuts a stream of bytes into data, commands and negotiations; `negotiation` agrees on options; `lines` makes
lines of what is typed; `text` and `ansi` make bytes of what is shown; `terminal`, `gmcp`, `mssp` and `compression`
are the options themselves.
"""
