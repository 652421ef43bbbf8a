"""What the registry refuses, and what it says when somebody has changed its past."""

from __future__ import annotations

from fractions import Fraction


class RegistryRefused(Exception):
    """The registry will not make this change; nothing was written.

    Who handles it: a command prints the sentence and exits with 1; a page shows it.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        """Constant sentence that says what to do; never data."""


class SignInRefused(Exception):
    """The e-mail, the password or the link does not open anything now.

    Why one sentence for all: whoever guesses must not learn which accounts exist, which have a
    password, and which are waiting after too many attempts.
    """

    def __init__(self) -> None:
        super().__init__("sign-in refused")


class BudgetExhausted(Exception):
    """A release would spend more than its (dataset, window) may; it is refused whole."""

    def __init__(self, dataset: str, spent: Fraction, total: Fraction) -> None:
        super().__init__(f"the budget of {dataset} is exhausted: {spent} of {total} is spent")
        self.dataset = dataset
        """Name of the dataset whose budget it is."""
        self.spent = spent
        """What is spent already: rho or delta, whichever refused."""
        self.total = total
        """The cap of the same measure."""
