"""Mergeable accumulators and the intervals made from them."""
