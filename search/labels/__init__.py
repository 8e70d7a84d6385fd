"""Zero-shot labels, and how well a text describes a picture."""
