"""
Replicated objects: documents, maps and lists with their history and their subscribers.

Knows nothing of conversations. Only the emulator's own domain writes these objects; clients
read them and subscribe to them.
"""
