"""What a volume survives, in numbers, before it happens."""
