"""One module a subject; each defines a `router` with full paths."""
