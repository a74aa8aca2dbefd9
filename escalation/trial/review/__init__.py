"""A trial looked at as an inspector would: departures, warnings, and rulings that stay visible."""
