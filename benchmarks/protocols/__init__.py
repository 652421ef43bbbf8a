"""What each protocol's events cost beside the native API's: bodies as SDKs send them."""
