"""`python -m local_firehose`, and the command `local-firehose`."""


def main() -> None:
    """The command. Ctrl-C ends it without a traceback while its modules load, too."""
    try:
        from local_firehose.cli import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
