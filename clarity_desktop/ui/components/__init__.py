"""Small widgets that pages share: labels, buttons, badges, cards, states."""
