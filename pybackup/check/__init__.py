"""Verifying archives, comparing them, describing them, and forecasting which damage they survive."""
