"""The bytes of each structure: golden, round trip, damaged, resealed, hostile, and as stock tools read them."""
