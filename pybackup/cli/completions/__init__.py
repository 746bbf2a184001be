"""Completion for shells: the scripts as they are shipped, and the makers of them.

The scripts are made from the parsers; a test compares them. ``python -m pybackup.cli.completions`` writes them anew.
"""
