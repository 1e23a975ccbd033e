"""The vocabulary that every room speaks: frozen values and enums, without I/O, clocks or Qt."""
