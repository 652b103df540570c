"""What readers may rely on: JSON Schema of every event, and the AsyncAPI document of the topics.

Both are computed from the fact classes and are the same on every run; none is stored, but the released schemas in
the tests' golden folder.
"""
