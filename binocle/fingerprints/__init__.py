"""What makes a picture known again: perceptual hashes, local features, geometric verification."""
