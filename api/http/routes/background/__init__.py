"""What runs behind requests: jobs, and the sources they index."""
