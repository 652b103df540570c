"""Text templates in a sandbox."""

from adapters.templates.sandbox import SandboxedTemplates

__all__ = ["SandboxedTemplates"]
