"""The wire of what runs behind requests: jobs and their sources."""
