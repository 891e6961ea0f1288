"""Bytes to plain values and tensors; nothing in a file is ever executed."""
