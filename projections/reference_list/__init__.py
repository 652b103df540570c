"""All reference data: providers, customers, clusters, products and the rest, one row each."""
