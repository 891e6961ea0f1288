"""Encoders and decoders as plain data: lists of torch operators from a fixed vocabulary, and the weights they use."""
