"""Contrastive losses, and gradients of large batches in little memory."""
