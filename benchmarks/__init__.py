"""What the README's figures come from: the whole service and nginx under the same load."""
