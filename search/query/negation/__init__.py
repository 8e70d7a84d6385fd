"""What a question says is not to be there, in the languages that the embedded model reads."""
