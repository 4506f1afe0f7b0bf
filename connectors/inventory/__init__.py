"""The independent counters: they know neither the readers nor the writers."""
