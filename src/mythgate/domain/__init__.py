"""The rules: plain synchronous Python on the standard library, one module a subject.

Time and chance come in as arguments, what happened goes out as return values. Nothing here logs,
awaits, reads settings or knows a wire format.
"""
