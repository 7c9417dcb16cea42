"""Campaigns (问计): the government asks, and each citizen learns what became of the message.

What may happen stands in the shipped policies ``campaign``, ``proposal`` and ``message``; here is what takes
many of them at once, and what is computed from them.
"""
