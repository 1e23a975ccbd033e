"""The frame of the window: header, navigation, toolbar, status bar, palette, menus."""
