"""Problems that are no invoice's."""
