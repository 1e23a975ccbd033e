"""The PAT page: weeks of a recording and what the transformer makes of them, shown as research."""
