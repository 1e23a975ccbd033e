"""The diagnostics page: build, readiness, servers, features on trial, and the file for support."""
