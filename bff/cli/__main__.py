"""`python -m bff.cli` is `bff`."""

from bff.cli import main

if __name__ == "__main__":
    main()
