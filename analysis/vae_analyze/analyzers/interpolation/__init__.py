"""Paths between samples: is what the decoder makes of the space between two codes like the data?"""
