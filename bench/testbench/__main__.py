"""`python -m testbench`."""

from testbench.cli import main

if __name__ == "__main__":
    main()
