"""The use cases, one module a subject: load, let the domain decide, save, publish.

Permissions are checked here, so every door has them. What a use case needs from outside is a port
in `services.ports`.
"""
