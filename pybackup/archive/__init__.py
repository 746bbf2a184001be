"""Finding archives and volumes by their content, not by name, and opening them as one archive with one listing."""
