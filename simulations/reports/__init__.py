"""Results as text, tables and rows; nothing here prints or draws."""
