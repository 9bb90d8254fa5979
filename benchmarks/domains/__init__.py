"""Two thousand domains behind a resolver, and what reading them costs."""
