"""What the bench's own tests share: an environment without the host's, and properties that repeat."""

from hypothesis import HealthCheck, settings

from testbench import host

host.leave()

# A property is tried with the same examples in every run; --hypothesis-profile=explore tries others. A deadline on one
# example would fail on a busy machine, not on a wrong result: the time limit of a test is pytest's.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", _ANY_MACHINE)
settings.register_profile("repeatable", _ANY_MACHINE, derandomize=True)
settings.load_profile("repeatable")
