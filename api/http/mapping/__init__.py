"""Wire bodies to queries and payloads, answers to bodies."""
