"""The commands of `reprise`, by topic."""
