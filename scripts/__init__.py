"""What set-up and documentation need to run; nothing here is imported by the product."""
