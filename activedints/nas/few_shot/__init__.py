"""Few-shot learning: episodes, the batched core, MAML, REPTILE, DARTS, MetaNAS, Auto-Meta."""
