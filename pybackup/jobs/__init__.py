"""The verbs: each joins the rooms for one command."""
