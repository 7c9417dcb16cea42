"""Ways to send a message, each a module of its own; `apprise` needs the extra of that name."""
