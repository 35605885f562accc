"""The Bungie.net metaserver protocol: what Aleph One and the Myth clients speak. No I/O.

- `framing`   bytes to frames and back
- `text`      MacRoman and the style escapes in names and talk
- `layout`    how a table of fields becomes bytes
- `records`   the blocks that packets share
- `packets`   one class a packet, `decode` and `encode`
- `fields`    packets as named values, for the command line, logs and tests
- `crypto`    key exchange, the cipher of Myth II 1.8, the answer to a password challenge
- `machines`  which packet is legal when, what a server answers, when it pings
- `metaclient`, `udp`, `web`  what surrounds the protocol: the HTTPS log-in, the ping between players,
  the old administration tool
"""
