"""Finding out and telling how archives are: verified, compared, described, their future forecast."""
