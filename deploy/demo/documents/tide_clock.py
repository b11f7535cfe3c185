"""The clock in the waiting room: a hand that shows how the river stands, without asking anybody.

It does not know the weather. Strong south-westerly wind keeps the water in the river and can make high water up to
forty minutes late; the paper table next to the clock says so too, and nobody reads it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, pi

LUNAR_HOURS = 12.4206
"""Between one high water and the next: half of the time in which the moon comes round again."""

RAMP_AWASH_METRES = 4.8
"""Above this the ramp at Saltmarsh Landing is under water, and cars must wait."""

GROUNDING_METRES = 0.9
"""Below this the Wren touches the gravel at the east landing when she is fully loaded."""


@dataclass(frozen=True)
class Tide:
    """One high water from the printed table, and the low water that follows it."""

    high_water: datetime
    high_metres: float
    low_metres: float

    def level(self, now: datetime) -> float:
        """Height of the river at Alder Reach, as a cosine between the two printed heights."""
        turned = (now - self.high_water) / timedelta(hours=LUNAR_HOURS)
        mean = (self.high_metres + self.low_metres) / 2
        swing = (self.high_metres - self.low_metres) / 2
        return mean + swing * cos(2 * pi * turned)

    def advice(self, now: datetime) -> str:
        """What the lamp under the clock says to drivers."""
        level = self.level(now)
        if level > RAMP_AWASH_METRES:
            return "red: the ramp is awash, no vehicles"
        if level < GROUNDING_METRES:
            return "amber: light vehicles only, four at most"
        return "green: load as usual"
