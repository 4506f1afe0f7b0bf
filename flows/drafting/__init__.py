"""Drawing up an instruction: its fields from a file, a template or questions, and everything that stands in its way."""
