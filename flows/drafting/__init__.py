"""Drawing up an instruction: fields from a file, a template or questions, and everything that prevents its use."""
