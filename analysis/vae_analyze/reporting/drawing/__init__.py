"""Figures as data drawn as inline SVG, one module per kind."""
