"""Archives in every state of damage: never a wrong file, never silence about a loss."""
