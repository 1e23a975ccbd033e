"""Keys of a vault: how a passphrase becomes a key, how slots wrap the data key, and the header file that holds them."""
