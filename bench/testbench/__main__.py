"""`python -m testbench`, and the command `testbench`."""


def main() -> None:
    """The command. Ctrl-C ends it without a traceback while its modules load, too."""
    try:
        from testbench.cli import main as command
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    command()


if __name__ == "__main__":
    main()
