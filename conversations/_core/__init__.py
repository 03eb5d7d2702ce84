"""
The protocol without input and output: no thread, socket, clock or randomness of its own.
"""
