"""The rule in print: decision table, protocol text, diagram; all of it asked of ``decide``."""
