"""Questions to the records: what was shown when, by whom, and for how long."""
