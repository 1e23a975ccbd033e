"""The commands, one module a noun; heavy libraries are imported inside the functions that need them."""
