"""The independent counters: they use neither the readers nor the writers."""
