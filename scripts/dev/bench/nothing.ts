// An empty program: what Bun itself costs.
