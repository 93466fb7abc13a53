"""Pages that show a run: one a video, and an index; they open from the disk."""
