"""The jobs: one module per verb, which combines the other packages to do what that verb is for."""
