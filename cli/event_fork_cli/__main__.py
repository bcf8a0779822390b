"""python -m event_fork_cli."""

from event_fork_cli.app import main

if __name__ == "__main__":
    main()
