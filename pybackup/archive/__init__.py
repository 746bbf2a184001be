"""What is here: volumes found by what they hold, opened as one archive with one listing."""
