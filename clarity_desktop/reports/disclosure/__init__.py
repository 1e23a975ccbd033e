"""What a person is given of their own data: everything in open formats, and an account of who used it."""
