"""More languages for the text tower: captions in them, everyday words, tokens, training."""
