"""Mail that must go out once: what is known of it, and what may happen next."""
