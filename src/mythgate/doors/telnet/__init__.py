"""The telnet door: the world and the lobbies as text, for terminals, Mudlet, TinTin++ and people who listen."""
