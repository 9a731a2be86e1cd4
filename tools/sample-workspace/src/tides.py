# SPDX-License-Identifier: MIT
"""High tides come about every 12 hours and 25 minutes."""

PERIOD_MINUTES = 745


def high_tides(first_minute):
    # TODO: spring and neap tides shift this by up to an hour
    minute = first_minute
    while minute < 24 * 60:
        yield divmod(minute, 60)
        minute += PERIOD_MINUTES
