"""The rules, pure: no clock, no I/O, no logging; time, ids and chance arrive as arguments."""
