"""How calls are sent: once and again, by waiting and by awaiting."""
