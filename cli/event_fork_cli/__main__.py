"""`python -m event_fork_cli`, and the command `event-fork`."""


def main() -> None:
    """The command. Ctrl-C ends it without a traceback while its modules load, too."""
    try:
        from event_fork_cli.app import main as command
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    command()


if __name__ == "__main__":
    main()
