"""What a delivery, an idle connection and a handshake cost, next to a bare floor in the same run.

`python -m benchmarks` starts servers and a load generator as processes of their own; see `__main__`.
"""
