"""Shadow mode: stand in front of another metaserver, compare its answers with what ours would be, move people over.

`proxy` passes connections on, `tap` reads along, `mirror` gives our own server the same packets, `compare` tells the
answers apart by the table in `rules`, `report` says what was found, and `state` is what an operator changes meanwhile.
"""
