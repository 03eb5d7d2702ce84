"""
Conversations: start-up, commands, and what Sync events mean.
"""
