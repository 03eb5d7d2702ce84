"""
Threads: whatever waits, starts a thread or counts references.
"""
