"""Snapshots: dated directories made by rsync, in which unchanged files are hard links to those of earlier ones."""
