"""`python -m tsock`."""

from tsock.cli.main import main

if __name__ == "__main__":
    main()
