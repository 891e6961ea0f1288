"""VAEs as people write them, trained here, with the truth of what each encodes and decodes."""
