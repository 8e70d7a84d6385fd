"""Contrastive fine-tuning and distillation; empty until the embedded model arrives."""
