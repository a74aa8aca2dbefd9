"""The library's own functions: a design and scenarios in, a result that shows itself out."""
