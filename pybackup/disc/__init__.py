"""Discs: planned, built as images, burnt, checked, labelled, read off."""
