"""What a release costs and how near to the truth it comes, over a synthetic log of any size."""
