"""Where `now` comes from: the system's clock, or one that an admin sets, for tests of a whole deployment."""

from adapters.clock.clocks import Clock, ClockRefused, SystemClock, TestClock, open_clock

__all__ = ["Clock", "ClockRefused", "SystemClock", "TestClock", "open_clock"]
