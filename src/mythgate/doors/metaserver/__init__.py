"""The metaserver door: Aleph One and the Myth games, over the protocol their makers gave them.

- `options`     limits, and what is counted
- `clients`     the families of clients, and how each wants to be treated, as data
- `passes`      the tokens that carry a log-in over to a room
- `door`        what all connections share: ports, admission, time
- `arrivals`    how often connections come from one address
- `connection`  what log-in and room connections have in common
- `login`       the log-in port: who are you, and where can you go
- `room`        the port of one lobby: what its clients say
- `sinks`       what its clients are told
- `rendering`   people and games as entries of lists
- `questions`   what else Myth clients ask and tell: searches, friends, clans, results
- `proxy`       stands in for hosts that nobody can connect to
- `addresses`   which address a player is told to connect to
"""
