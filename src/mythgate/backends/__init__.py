"""The ports of `mythgate.services.ports`, fulfilled."""
