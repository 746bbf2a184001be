"""python -m pyactivity."""

from pyactivity.cli import run

if __name__ == "__main__":
    run()
