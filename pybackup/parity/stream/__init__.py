"""The parity stream of a volume: its shape, where its sectors lie, how it is written and found."""
