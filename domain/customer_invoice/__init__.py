"""What we bill a customer. So far: that it exists, and which purchases it holds."""
