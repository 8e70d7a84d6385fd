"""What runs behind requests: jobs, what is kept of them, and who is told when they end."""
