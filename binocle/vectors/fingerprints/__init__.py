"""The index of fingerprints: local features and perceptual hashes, for lookups."""
