"""Completion scripts for shells, and the modules that generate them.

The scripts are generated from the parsers with ``python -m pybackup.cli.completions``; a test fails if they are out of
date.
"""
