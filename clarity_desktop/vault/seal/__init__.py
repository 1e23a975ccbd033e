"""Patient keys: each patient's data is sealed with an own key, so that destroying it makes every copy unreadable."""
