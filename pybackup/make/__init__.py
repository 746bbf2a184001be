"""Making archives: planned, written over one volume or many, sealed with parity, checked and published."""
