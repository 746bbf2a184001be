"""The catalogue: which medium holds what, what is safe, what is lost. Over any database that SQLAlchemy speaks to.

Imported only where it is used, since SQLAlchemy takes a sixth of a second to load.
"""
