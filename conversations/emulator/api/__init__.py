"""
The HTTP side that travels inside Twilsock: requests, routes, answers.

One row of :data:`~conversations.emulator.api.routes.ROUTES` for each endpoint. What an endpoint
does is a rule of the domain; here a request is taken apart and an answer put together.
"""
