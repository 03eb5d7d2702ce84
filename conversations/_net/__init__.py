"""
Sockets and HTTP: the only importers of websocket, requests and ssl.
"""
