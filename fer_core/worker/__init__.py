"""A process that does the work, watched by the one that orders it."""
