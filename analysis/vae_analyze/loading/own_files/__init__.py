"""The suite's own files: weights with a card, programs, TorchScript."""
