"""Who is answerable for the data: what receipts of consent tell the person."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.loading import Strict

Words = Annotated[str, Field(min_length=1, max_length=300)]


class Controller(Strict):
    """The operator, in the words that a person can use."""

    name: Words = "The operator of this service"
    """Legal name."""
    contact: Words = "The address given in the privacy notice"
    """Where a person writes to, such as an e-mail address or a page."""
    privacy_notice: Words = "The privacy notice of this service"
    """Address of the notice that was shown, or its name."""
    withdrawal: Words = "The privacy settings of this service, or a letter to the controller"
    """How consent is withdrawn, as easily as it was given."""
