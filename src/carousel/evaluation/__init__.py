"""Replay past activity: read it, split it by time, let models recommend, measure, and say how sure that is."""
