"""Drafts an instruction: takes its fields from a file, a template or questions, and lists everything that prevents its use."""
