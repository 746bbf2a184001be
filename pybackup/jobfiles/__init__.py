"""Job files: what is to be backed up, how, and whom to tell; read, merged and checked here, and run."""
