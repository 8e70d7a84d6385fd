"""Lists of hashes as they are shared, and what of them a picture is near to."""
