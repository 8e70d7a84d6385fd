"""A collection as one thing: catalogue, indices, snapshots, and what follows the catalogue."""
