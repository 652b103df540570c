"""What callers may ask for: messages, handlers and the ports that they need."""
