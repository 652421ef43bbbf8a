"""Presidio's analyser over lines from standard input; runs in the peers' own environment.

Each line is `[key, text]` in JSON; the answer is a list of spans. The built-in recognisers of
patterns that fit our classes run, with telephones of our sites' countries; those that need a
language model are off, since none is a package. A property is shown as `key: text`, so that
context words count.
"""

from __future__ import annotations

import json
import sys

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    PhoneRecognizer,
)

REGIONS = ("KZ", "RU", "US", "GB", "UZ", "KG")


# The list of public suffixes comes with the package: nothing is fetched.
OFFLINE = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
tldextract.tldextract.TLD_EXTRACTOR = OFFLINE
tldextract.extract = OFFLINE


class BlankEngine(SpacyNlpEngine):  # type: ignore[misc]
    """Tokens and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


def main() -> None:
    """Answer every line."""
    registry = RecognizerRegistry(supported_languages=["en"])
    for recogniser in (
        CreditCardRecognizer, EmailRecognizer, IbanRecognizer, IpRecognizer, MacAddressRecognizer,
    ):  # fmt: skip
        registry.add_recognizer(recogniser())
    registry.add_recognizer(PhoneRecognizer(supported_regions=REGIONS))
    engine = AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])
    for line in sys.stdin:
        key, text = json.loads(line)
        shown = f"{key}: " if key else ""
        found = engine.analyze(text=shown + text, language="en")
        spans = [(max(0, one.start - len(shown)), one.end - len(shown)) for one in found]
        print(json.dumps([span for span in spans if span[1] > 0]))


if __name__ == "__main__":
    main()
