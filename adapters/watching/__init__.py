"""Figures of work that waits, for metrics."""

from adapters.watching.figures import Figures, billing_figures

__all__ = ["Figures", "billing_figures"]
