"""
Twilsock: the transport's frames and its connection state machine.
"""
