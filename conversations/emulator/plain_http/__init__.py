"""
What is asked for by ordinary HTTP on the same port: media, and the websocket's own handshake.

Endpoints answer as those inside Twilsock do; rules are those of the domain. Every answer may be
read by pages of any origin.
"""
