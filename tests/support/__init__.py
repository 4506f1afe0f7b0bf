"""What tests share: whole runs, servers that lie, a clock that moves, a terminal, practices, power cuts."""
