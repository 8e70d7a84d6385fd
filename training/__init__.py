"""Contrastive fine-tuning and distillation."""
