"""The rows of tables and the lines of texts, read within limits."""
