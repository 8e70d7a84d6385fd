"""Routes of reverse lookup: one picture, many, and what a collection has twice."""
