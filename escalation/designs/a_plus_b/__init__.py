"""The A+B family: 3+3, rolling six, accelerated titration, any A+B design."""
