"""The commands, grouped by what people come for."""
