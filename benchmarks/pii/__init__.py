"""How much of what identifies the PII rules find, and how much else they take, beside two peers."""
