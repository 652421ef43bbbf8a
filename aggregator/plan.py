"""What a release will do, in numbers, before anything is spent or read.

Called by `release`, `explain`, `manifest` and the audit, so that what is told, what is drawn and
what is written down are the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aggregator.accounting import advantage_of, epsilon_of, half_width_of, scale_of, tail_of
from aggregator.selection import threshold_of
from config.releases import Release


@dataclass(frozen=True)
class Plan:
    """The scales and costs that follow from a release's declaration."""

    release: Release
    """The declaration."""
    units_scale: Fraction
    """Noise scale of the counts of units."""
    rows_scale: Fraction
    """Noise scale of the counts of rows."""
    loss_scale: Fraction
    """Noise scale of the estimate of what bounding cost."""
    threshold: int | None
    """Noisy count of units from which a key is named; none where all keys are public."""

    @property
    def rho(self) -> Fraction:
        """What one window costs; never less than what the scales cost."""
        return self.release.budget.rho

    @property
    def delta_selection(self) -> Fraction:
        """The chance that selection names a key of one unit alone, at most."""
        return self.release.budget.selection_delta

    def rho_of(self, pseudonyms: int = 1, windows: int = 1) -> Fraction:
        """Give the cost for one human who holds several pseudonyms in each of some windows.

        Why squared: m pseudonyms move each answer m times as far, and rho grows with the
            square of the distance.
        """
        return self.rho * pseudonyms**2 * windows

    def epsilon_of(self, pseudonyms: int = 1, windows: int = 1) -> float:
        """Give epsilon for such a human, at the release's delta."""
        delta = float(self.release.budget.epsilon_delta)
        return epsilon_of(self.rho_of(pseudonyms, windows), delta)

    def delta_of(self, pseudonyms: int = 1, windows: int = 1) -> Fraction:
        """Give the whole delta that goes with that epsilon."""
        selection = self.delta_selection * pseudonyms * windows
        return self.release.budget.epsilon_delta + selection

    def advantage_of(self, pseudonyms: int = 1, windows: int = 1) -> float:
        """Give the most by which any attacker beats guessing whether such a human took part."""
        selection = float(self.delta_selection) * pseudonyms * windows
        return advantage_of(self.rho_of(pseudonyms, windows), selection)

    def half_widths(self) -> dict[str, int]:
        """Give the half-width of the 95 % interval of each measure, in its own unit."""
        measures = self.release.measures
        return {
            measures.units: half_width_of(self.units_scale),
            measures.rows: half_width_of(self.rows_scale),
            "pairs": half_width_of(self.loss_scale),
        }

    def shown_of(self, units: int) -> float:
        """Give the chance that a cell with this true count of units is named and not blank."""
        needed = max(self.release.suppress_below, self.threshold or 0)
        if self.threshold is not None:
            if units < self.release.units_min:
                return 0.0
            needed = max(needed, self.threshold + self.release.units_min - 1)
        return tail_of(self.units_scale, needed - units)


def plan_release(release: Release) -> Plan:
    """Derive scales and threshold from what a release declares. Reads no data.

    Why these sensitivities: after bounding one unit changes at most L0 cells, units by 1 and rows
        by Linf in each: squares L0 and L0 Linf^2. The estimate of the loss moves by at most
        `loss_cells_max`.
    Errors: ValueError where no threshold gives the declared delta.
    """
    bounds, budget = release.bounds, release.budget
    cells = bounds.cells_per_unit_max
    units_scale = scale_of(cells, budget.units_rho)
    threshold = None
    if not release.is_public:
        threshold = threshold_of(units_scale, cells, budget.selection_delta)
    return Plan(
        release=release,
        units_scale=units_scale,
        rows_scale=scale_of(cells * bounds.rows_per_cell_max**2, budget.rows_rho),
        loss_scale=scale_of(bounds.loss_cells_max**2, budget.loss_rho),
        threshold=threshold,
    )
