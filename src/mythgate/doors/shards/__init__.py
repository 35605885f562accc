"""The Shards door: programs of the Shards network, over REST and a WebSocket on a port of its own.

Their bodies stand in the same world as everybody's: `sessions` says who somebody is, `connection` is one
WebSocket, `requests` what its messages ask for, `rendering` what happens in the words of the dialect, `rest` the
paths under `/api/`, `door` what all of these share.
"""
