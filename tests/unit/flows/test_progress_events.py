"""Which progress of a step the data process sends."""

from __future__ import annotations

from flows.engine._events import Progress, Reporter


def test_a_short_step_is_seen_too_and_a_long_one_is_not_sent_at_every_turn():
    sent = []
    reporter = Reporter(sent.append)
    reporter.progress("inventory", 5, 5)
    reporter.progress("extract", 0, 0)
    for done in range(100):
        reporter.progress("extract", done, 1000)
    reporter.progress("extract", 1000, 1000)
    assert sent[:2] == [Progress("inventory", 5, 5), Progress("extract", 0, 0)]
    assert sent[-1] == Progress("extract", 1000, 1000)
    assert len(sent) < 20
