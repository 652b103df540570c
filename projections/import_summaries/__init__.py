"""How the imports of a day ended, by provider."""
