"""python -m pybackup."""

from pybackup.cli.main import run

if __name__ == "__main__":
    run()
