"""Codes that correct: Reed-Solomon over GF(2^8), the erasure code over GF(2^16), and its two engines."""
