"""Bots for the metaserver door: clients of every old family that talk, host, play and report, for demos and load.

They see the server as any client does, through its ports; no part of the server is imported here.

- `dialects`  the families, as data: what they call themselves and how they describe a game
- `line`      one connection: packets in, packets out, keys
- `talk`      what they say
- `tables`    how bots of one lobby come to play together; games themselves are no business of a metaserver
- `bot`       one of them: comes, talks, plays, goes, comes back
- `troupe`    all of them, for a while
"""
