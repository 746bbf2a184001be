"""Staging: what changes in a watched directory is copied beside it until that fills a disc."""
