"""PAT over the vault: reading a person's minutes, embedding their weeks, and what is read from the embeddings."""
