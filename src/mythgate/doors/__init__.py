"""Ways in: each door turns bytes into one call of a service, and events into bytes. It decides nothing."""
