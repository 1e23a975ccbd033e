"""The window: shell, pages, dialogs and charts over the services of the application."""
