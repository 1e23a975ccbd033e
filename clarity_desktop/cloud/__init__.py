"""The CLARITY cloud: which server it is, signing in, one client, the outbox and its sync engine, and live channels."""
