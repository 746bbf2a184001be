"""Snapshots by hard links: dated directories that rsync makes, in which unchanged files are those of earlier ones."""
