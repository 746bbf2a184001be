"""What parity and copies give back: sectors known to be good, merged, rebuilt."""
