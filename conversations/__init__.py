"""
The client SDK for Twilio Conversations.
"""
