"""What the theme is made of: tokens, palette, icons, brushes and the style sheet template."""
